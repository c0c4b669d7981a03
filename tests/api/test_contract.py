"""What the API promises still holds: docs/contract.md."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tools.contract import broken, demands, promised, promises

from covidxray_api.api.app import create_app
from covidxray_api.settings import Settings

Described = dict[str, Any]
FORM = "multipart/form-data"


@pytest.fixture(scope="module")
def document() -> Described:
    return create_app(Settings()).openapi()


def test_nothing_that_was_promised_is_broken(document: Described) -> None:
    assert promised()
    assert broken(promised(), document) == []


def removed_path(document: Described) -> None:
    del document["paths"]["/report"]


def removed_method(document: Described) -> None:
    del document["paths"]["/jobs/{job}"]["delete"]


def renamed_operation(document: Described) -> None:
    document["paths"]["/predict"]["post"]["operationId"] = "screen"


def removed_parameter(document: Described) -> None:
    del document["paths"]["/predict"]["post"]["parameters"][0]


def removed_status(document: Described) -> None:
    responses = document["paths"]["/jobs/{job}"]["delete"]["responses"]
    responses["200"] = responses.pop("204")


def removed_media_type(document: Described) -> None:
    del document["paths"]["/predict/batch"]["post"]["responses"]["200"]["content"][
        "application/x-ndjson"
    ]


def removed_problem(document: Described) -> None:
    content = document["paths"]["/predict"]["post"]["responses"]["503"]["content"]
    del content["application/problem+json"]["examples"]["overloaded"]


def removed_field_of_an_answer(document: Described) -> None:
    del document["components"]["schemas"]["Prediction"]["properties"]["predicted_label"]


def changed_type_of_an_answers_field(document: Described) -> None:
    document["components"]["schemas"]["BatchAnswer"]["properties"]["index"]["type"] = "string"


def field_of_an_answer_that_may_be_null(document: Described) -> None:
    fields = document["components"]["schemas"]["BatchAnswer"]["properties"]
    fields["index"] = {"anyOf": [fields["index"], {"type": "null"}]}


def removed_value_of_a_parameter(document: Described) -> None:
    parameters = document["paths"]["/predict"]["post"]["parameters"]
    (gate,) = (it for it in parameters if it["name"] == "gate")
    gate["schema"]["enum"].remove("ssim")


def removed_value_of_a_body(document: Described) -> None:
    fields = document["components"]["schemas"]["Feedback"]["properties"]
    fields["opinion"]["enum"].remove("not_sure")


def changed_type_of_a_bodys_field(document: Described) -> None:
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"][FORM]
    body["schema"]["properties"]["file"]["type"] = "object"


def newly_required_field(document: Described) -> None:
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"][FORM]["schema"]
    body["properties"]["reference"] = {"type": "string"}
    body["required"].append("reference")


def newly_required_field_within_another(document: Described) -> None:
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"][FORM]["schema"]
    body["properties"]["of"] = {"properties": {"x": {"type": "string"}}, "required": ["x"]}


def newly_required_parameter(document: Described) -> None:
    document["paths"]["/predict"]["post"]["parameters"][0]["required"] = True


@pytest.mark.parametrize(
    "change",
    [
        removed_path,
        removed_method,
        renamed_operation,
        removed_parameter,
        removed_status,
        removed_media_type,
        removed_problem,
        removed_field_of_an_answer,
        changed_type_of_an_answers_field,
        field_of_an_answer_that_may_be_null,
        removed_value_of_a_parameter,
        removed_value_of_a_body,
        changed_type_of_a_bodys_field,
        newly_required_field,
        newly_required_field_within_another,
        newly_required_parameter,
    ],
)
def test_what_breaks_callers_is_found(
    document: Described, change: Callable[[Described], None]
) -> None:
    changed = deepcopy(document)
    change(changed)

    assert broken(promised(), changed) != []
    # Unless it is another version, which promises what it does itself.
    assert broken(set(promises(changed)) | demands(changed), changed) == []


def test_what_is_added_breaks_nobody(document: Described) -> None:
    changed = deepcopy(document)
    changed["paths"]["/new"] = deepcopy(changed["paths"]["/predict"])
    schemas = changed["components"]["schemas"]
    schemas["Prediction"]["properties"]["more"] = {"type": "string"}
    parameters = changed["paths"]["/predict"]["post"]["parameters"]
    parameters.append({"name": "more", "in": "query", "required": False, "schema": {}})

    assert broken(promised(), changed) == []
