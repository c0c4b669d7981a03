from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_spec_validator import validate
from pydantic import BaseModel

from covidxray_api.api import schemas
from covidxray_api.api.app import create_app
from covidxray_api.api.examples import BY_OPERATION, EXAMPLES, PREDICTIONS
from covidxray_api.api.problems import Problem
from covidxray_api.rendering import schemas as answers
from covidxray_api.settings import Settings
from covidxray_api.texts import codes

LABELS = ("normal", "covid_19", "viral_pneumonia")
STORED = Path(__file__).parents[2] / "openapi.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def test_it_is_made_once_when_first_asked_for() -> None:
    app = create_app(Settings())
    assert app.openapi_schema is None

    with ThreadPoolExecutor(4) as threads:
        first, *others = [threads.submit(app.openapi) for _ in range(4)]
    assert all(other.result() is first.result() for other in others)


def test_the_stored_description_is_that_of_the_service(document: dict[str, Any]) -> None:
    stored = yaml.safe_load(STORED.read_text(encoding="utf-8"))

    assert stored.pop("servers") == [
        {"url": "http://127.0.0.1:8000/v1", "description": "A service on this machine"}
    ]
    relative = {name: value for name, value in document.items() if name != "servers"}
    assert document["servers"] == [{"url": "/v1", "description": "This service"}]
    assert stored == relative, "Run `covidxray openapi` and look at what changed."


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_each_endpoint_is_described(document: dict[str, Any]) -> None:
    assert document["paths"].keys() == {
        "/predict",
        "/predict/batch",
        "/jobs",
        "/jobs/{job}",
        "/validate",
        "/explain",
        "/preview",
        "/levels",
        "/report",
        "/feedback",
        "/models",
        "/models/{name}/card",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/drift",
        "/screenings",
        "/screenings/{number}",
        "/feedback/summary",
        "/worklist",
        "/worklist/{study}/read",
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


def test_parameters_are_described_once(document: dict[str, Any]) -> None:
    described = document["paths"]["/predict"]["post"]

    # Postman would send each in query and form.
    form = described["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    query = {p["name"] for p in described["parameters"] if p["in"] == "query"}
    assert form.keys() == {"file"}
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
        ("/predict", {"application/fhir+json", "application/hl7-v2", "application/json"}),
        ("/validate", {"application/json"}),
        ("/explain", {"application/json", "application/pdf", "image/png"}),
        ("/report", {"application/json", "application/pdf", "image/png"}),
        ("/preview", {"image/png"}),
        ("/levels", {"application/octet-stream"}),
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


ANSWERS: dict[tuple[str, str], type[BaseModel]] = {
    ("/predict", "200"): answers.Prediction,
    ("/predict/batch", "200"): schemas.Batch,
    ("/jobs", "202"): schemas.Job,
    ("/jobs/{job}", "200"): schemas.Job,
    ("/validate", "200"): answers.Validation,
    ("/explain", "200"): answers.Explained,
    ("/report", "200"): answers.Explained,
    ("/feedback", "201"): schemas.KeptFeedback,
    ("/feedback", "200"): schemas.KeptFeedback,
    ("/feedback/summary", "200"): schemas.FeedbackSummary,
    ("/drift", "200"): schemas.DriftReport,
    ("/screenings", "200"): schemas.ScreeningPage,
    ("/screenings/{number}", "200"): schemas.RecordedScreening,
    ("/worklist", "200"): schemas.Worklist,
    ("/models", "200"): answers.ModelList,
    ("/models/{name}/card", "200"): answers.ModelDescription,
    ("/health", "200"): schemas.Health,
    ("/health", "503"): schemas.Health,
    ("/health/ready", "200"): schemas.Health,
    ("/health/live", "200"): schemas.Liveness,
}


def test_every_kind_of_answer_has_an_example(document: dict[str, Any]) -> None:
    assert BY_OPERATION.keys() == ANSWERS.keys()
    for (path, status), named in BY_OPERATION.items():
        operations = document["paths"][path].values()
        (responses,) = (it["responses"] for it in operations if status in it["responses"])
        described = responses[status]["content"]["application/json"]["examples"]
        assert described.keys() == named.keys()
        for example in named.values():
            found = ANSWERS[path, status].model_validate(example, extra="forbid")
            assert found.model_dump(mode="json") == example


def test_predictions_of_each_kind_are_shown() -> None:
    shown = [PREDICTIONS[label]["predicted_label"] for label in LABELS]

    assert shown == list(LABELS)
    assert PREDICTIONS["uncertain"]["uncertain"]
    assert all(PREDICTIONS[name]["rejected"] for name in PREDICTIONS if "rejected" in name)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_problem_has_an_example_with_a_detail(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert any(status.startswith("4") for status in operation["responses"]), name
        for answer in operation["responses"].values():
            content = answer.get("content", {}).get("application/problem+json", {})
            for code, example in content.get("examples", {}).items():
                problem = Problem.model_validate(example["value"])
                assert problem.type == f"/problems/{code}"
                assert problem.detail
                assert "{" not in problem.detail


def test_every_answer_states_its_headers(document: dict[str, Any]) -> None:
    declared = document["components"]["headers"]
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            headers = answer["headers"].keys()
            assert {"X-Request-ID"} <= headers <= declared.keys()
            if "application/problem+json" in answer.get("content", {}):
                assert "Content-Language" in headers
            if status in {"429", "503", "504"}:
                assert "Retry-After" in headers, name
            assert answer["description"]


def test_operations_have_names_that_methods_could_have(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(names)) == len(names)
    assert {"predict", "validate", "explain", "list_models", "give_feedback"} <= set(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_tag_is_explained(document: dict[str, Any]) -> None:
    explained = {tag["name"] for tag in document["tags"]}

    assert {tag for _, operation in operations(document) for tag in operation["tags"]} <= explained


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        ("Finding", codes.FINDINGS),
        ("Warned", codes.WARNINGS),
        ("Rejection", codes.REJECTIONS),
        ("Withheld", codes.WITHHELD),
        ("Priority", codes.PRIORITIES),
    ],
)
def test_codes_are_listed(document: dict[str, Any], schema: str, kinds: tuple[str, ...]) -> None:
    code = document["components"]["schemas"][schema]["properties"]["code"]

    assert code["x-extensible-enum"] == list(kinds)
    assert all(f"`{kind}`" in code["description"] for kind in kinds)


def test_every_parameter_has_a_type_and_an_example_that_can_be_sent(
    document: dict[str, Any], service: httpx.Client, film: bytes
) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            assert "type" in schema or "enum" in schema, (name, parameter["name"])
            assert "example" in parameter or "enum" in schema or schema["type"] == "boolean"
    described = document["paths"]["/predict"]["post"]["parameters"]
    stated = {p["name"]: p["example"] for p in described if p["in"] == "query" and "example" in p}

    assert len(stated) >= 3
    assert service.post("/predict", params=stated, content=film).status_code == 200


def test_the_example_of_feedback_can_be_sent(service: httpx.Client) -> None:
    assert service.post("/feedback", json=EXAMPLES["Feedback"][0]).status_code == 201


def test_every_array_says_what_it_is_of(document: dict[str, Any]) -> None:
    text = json.dumps(document)

    assert "prefixItems" not in text
    assert text.count('"type": "array"') > 10
