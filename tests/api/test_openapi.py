from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from covidxray_api.api import schemas
from covidxray_api.api.app import create_app
from covidxray_api.api.examples import EXAMPLES
from covidxray_api.rendering import schemas as answers
from covidxray_api.settings import Settings

STORED = Path(__file__).parents[2] / "openapi.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def test_the_stored_description_is_that_of_the_service(document: dict[str, Any]) -> None:
    stored = yaml.safe_load(STORED.read_text(encoding="utf-8"))

    assert stored == document, "Run `covidxray openapi` and look at what changed."


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_each_endpoint_is_described(document: dict[str, Any]) -> None:
    assert document["paths"].keys() == {
        "/predict",
        "/validate",
        "/explain",
        "/preview",
        "/report",
        "/feedback",
        "/models",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/problems/{slug}",
    }


@pytest.mark.parametrize("path", ["/predict", "/validate", "/explain", "/preview", "/report"])
def test_generated_clients_know_that_uploads_are_bytes(document: dict[str, Any], path: str) -> None:
    body = document["paths"][path]["post"]["requestBody"]

    assert body["required"] is True
    # With another media type beside it, orval posts the image as JSON.
    assert body["content"].keys() == {"multipart/form-data"}
    form = body["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert form["properties"]["file"]["type"] == "string"
    assert form["properties"]["file"]["format"] == "binary"


def test_the_form_has_the_parameters_of_the_query(document: dict[str, Any]) -> None:
    described = document["paths"]["/predict"]["post"]

    form = described["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    query = {p["name"] for p in described["parameters"] if p["in"] == "query"}
    assert form.keys() == {"file"} | query
    assert {"model", "operating_point", "prevalence", "gate"} <= query


@pytest.mark.parametrize("path", ["/predict", "/validate", "/preview", "/report"])
def test_errors_are_described_as_problems(document: dict[str, Any], path: str) -> None:
    responses = document["paths"][path]["post"]["responses"]

    assert {"400", "413", "415", "422", "500", "503", "default"} <= responses.keys()
    for status, answer in responses.items():
        if status != "200":
            assert answer["content"].keys() == {"application/problem+json"}
            content = answer["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content.get("examples") or status == "default"


@pytest.mark.parametrize(
    ("path", "media_types"),
    [
        ("/predict", {"application/json"}),
        ("/validate", {"application/json"}),
        ("/explain", {"application/json", "application/pdf", "image/png"}),
        ("/report", {"application/json", "application/pdf", "image/png"}),
        ("/preview", {"image/png"}),
    ],
)
def test_each_media_type_of_an_answer_is_described(
    document: dict[str, Any], path: str, media_types: set[str]
) -> None:
    responses = document["paths"][path]["post"]["responses"]

    assert responses["200"]["content"].keys() == media_types
    assert "406" in responses


def test_feedback_is_described(document: dict[str, Any]) -> None:
    described = document["paths"]["/feedback"]["post"]

    assert described["requestBody"]["required"] is True
    assert {"201", "400", "404", "413", "503", "default"} <= described["responses"].keys()


def test_nothing_describes_an_error_that_is_no_problem(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_examples_are_answers_that_could_be_given(name: str, document: dict[str, Any]) -> None:
    schema = getattr(schemas, name, None) or getattr(answers, name)

    for example in document["components"]["schemas"][name]["examples"]:
        assert schema.model_validate(example, extra="forbid").model_dump(mode="json") == example
