"""What the API description says beyond what FastAPI reads from the routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from threading import Lock
from typing import Any, get_args

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from covidxray_api.api.admission import UploadRoute
from covidxray_api.api.answers import JSON, SAMPLES, SPACING, SPACING_PLANE, WINDOWS
from covidxray_api.api.batch import BatchRoute, JobRoute
from covidxray_api.api.examples import add_examples
from covidxray_api.api.problems import MEDIA_TYPE as PROBLEM
from covidxray_api.api.problems import RETRY_AFTER, STATUS, documented
from covidxray_api.api.routes import StrictRoute, describe_security
from covidxray_api.api.upload import FIELD
from covidxray_api.errors import InvalidRequest
from covidxray_api.radiograph import SpacingPlane

TEXT = """\
Screens frontal chest radiographs for COVID-19 and viral pneumonia. Decision support, not a
diagnosis.

Errors are problem details (RFC 9457) of type `application/problem+json`: `type` is stable, `title`,
`detail` and `advice` are in the language of `Accept-Language` (`en` or `es`). An image that is no
chest radiograph is an answer and no error.

What stands under `/v1` keeps its meaning: a minor version may add paths, parameters, fields and
codes; nothing is taken away or changed within it (docs/contract.md). The same paths without `/v1`
are aliases.
"""

TAGS = [
    {"name": "screening", "description": "What is asked of a radiograph."},
    {"name": "jobs", "description": "Radiographs that are handed in now and answered later."},
    {"name": "feedback", "description": "What clinicians think of an answer."},
    {"name": "models", "description": "The stored models, and what was measured of them."},
    {"name": "health", "description": "How the service is."},
    {"name": "records", "description": "What the service has answered, for administrators."},
    {"name": "worklist", "description": "What is to be read first, for radiologists."},
    {"name": "operations", "description": "What operators watch."},
    {"name": "problems", "description": "What a type of problem means."},
]

CONTACT = {"name": "Maintainers of covidxray-api"}
LICENSE = {"name": "MIT", "identifier": "MIT"}

_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Id of the request in answer and log: that which was sent, or a new one.",
        "schema": {"type": "string"},
        "example": "ward-3.42",
    },
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "How to show whose request it is (RFC 6750, section 3).",
        "schema": {"type": "string"},
        "example": 'Bearer realm="covidxray"',
    },
    "Content-Language": {
        "description": "Language of the answer.",
        "schema": {"type": "string", "enum": ["en", "es"]},
        "example": "en",
    },
    "Location": {
        "description": "Path of what was made.",
        "schema": {"type": "string"},
        "example": "/v1/jobs/0d2f6e3c5f7b4f0e9f6b6f0b2d7c9a11",
    },
    "ETag": {
        "description": "What the answer is, for `If-None-Match` (RFC 9110, section 8.8.3).",
        "schema": {"type": "string"},
        "example": '"9f86d081"',
    },
    SPACING: {
        "description": "Distance of the picture's rows and of its columns, in millimetres.",
        "schema": {"type": "string"},
        "example": "0.143, 0.143",
    },
    SPACING_PLANE: {
        "description": "Where the distances hold: at the detector, where what lies before it is"
        " magnified; in the patient, corrected or calibrated for that; or the file does not tell.",
        "schema": {"type": "string", "enum": [*get_args(SpacingPlane)]},
        "example": "detector",
    },
    SAMPLES: {
        "description": "How many samples there are, and what they mean.",
        "schema": {"type": "string"},
        "example": "rows=2048, columns=2022, least=0, step=1, inverted=0",
    },
    WINDOWS: {
        "description": "The window by which the file is shown, then others that it states.",
        "schema": {"type": "string"},
        "example": "center=2048;width=4096;function=LINEAR",
    },
}

_IN_WORDS = frozenset({"get_job", "model_card"})
"""Operations whose answers are in a language that was not chosen by the request."""

_RETRIED = {f"{STATUS[code].value}" for code in RETRY_AFTER} | {"429"}

_FILE = {
    "type": "string",
    "format": "binary",
    "description": "The image file: DICOM, PNG, JPEG, JPEG 2000, WebP, TIFF, BMP, GIF or PGM. Its"
    " content decides, not its name nor its declared type.",
}
"""As every generator knows it; those of TypeScript make it a Blob."""

_FILE_OR_ARCHIVE = _FILE | {
    "description": f"{_FILE['description']} Or a ZIP, tar or tar.gz archive of such files."
}


def describe_when_asked(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Have an app's description made and completed when it is first asked for.

    It takes as much CPU as all the rest of a start. Threads may ask at once.
    """
    generate, lock = app.openapi, Lock()

    @cache
    def complete() -> dict[str, Any]:
        described = generate()
        add_examples(described)
        describe_security(described, routers)
        describe(described, routers)
        return described

    def openapi() -> dict[str, Any]:
        with lock:
            return complete()

    app.openapi = openapi  # type: ignore[method-assign]


def describe(described: dict[str, Any], routers: Iterable[APIRouter]) -> None:
    """Complete a description: forms, response headers, and operations that need no scope."""
    described["components"]["headers"] = _HEADERS
    _name_items(described["components"]["schemas"])
    for route, operation in _operations(described, routers):
        if isinstance(route, UploadRoute):
            file = _FILE_OR_ARCHIVE if isinstance(route, JobRoute) else _FILE
            several = isinstance(route, BatchRoute)
            files = {"type": "array", "items": file, "minItems": 1} if several else file
            operation["requestBody"] = _form(files)
        if isinstance(route, StrictRoute) and not route.needs:
            operation["security"] = []
        for parameter in operation.get("parameters", ()):
            _complete(parameter)
        answers = operation["responses"]
        if route.name == "report":
            # Its default; generators that know one media type take the first.
            content = answers["200"]["content"]
            content.update({JSON: content.pop(JSON)})
        for status, answer in documented(InvalidRequest).items():
            answers.setdefault(str(status), answer)
        operation["responses"] = dict(sorted(answers.items(), key=lambda item: item[0]))
        asked = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
        in_words = "accept-language" in asked or route.name in _IN_WORDS
        for status, answer in answers.items():
            is_problem = PROBLEM in answer.get("content", {})
            answer["headers"] = _headers(status, "304" in answers, in_words or is_problem)
        if route.name == "preview":
            answers["200"]["headers"] |= _references(SPACING, SPACING_PLANE)
        if route.name == "levels":
            answers["200"]["headers"] |= _references(SAMPLES, WINDOWS)


def _name_items(node: Any) -> None:
    """Say of pairs of one type what they are pairs of: generators do not know `prefixItems`."""
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            _name_items(inner)
    if isinstance(node, dict) and isinstance(kinds := node.get("prefixItems"), list):
        first, *others = kinds
        if all(kind == first for kind in others):
            node["items"] = first
            del node["prefixItems"]


def _operations(
    described: dict[str, Any], routers: Iterable[APIRouter]
) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and route.include_in_schema:
            for operation in described["paths"][route.path_format].values():
                yield route, operation


def _complete(parameter: dict[str, Any]) -> None:
    """Say of a parameter that it is left out rather than null, and give its example."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema.update(kinds[0])
    # Postman looks for it here.
    if examples := schema.pop("examples", None):
        parameter["example"] = examples[0]


def _headers(status: str, conditional: bool, in_words: bool) -> dict[str, Any]:
    names = ["X-Request-ID"]
    names += ["Content-Language"] if in_words else []
    names += ["Location"] if status == "202" else []
    names += ["ETag"] if conditional and status in {"200", "304"} else []
    names += ["Retry-After"] if status in _RETRIED else []
    names += ["WWW-Authenticate"] if status in {"401", "403"} else []
    return _references(*names)


def _references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _form(files: dict[str, Any]) -> dict[str, Any]:
    """Return the form that an upload route takes.

    That the image can also be the body itself is said in words: generators that are offered both
    choose the wrong one, or make clients that send the image as JSON. So is that parameters can
    stand in the form: Postman would send each of them twice.
    """
    return {
        "description": "A form with the image; parameters of the query may stand in it instead, as"
        " fields. The image can also be the body itself, of any other content type, as"
        " `application/dicom` or `image/png`. Bodies may be packed (`Content-Encoding: gzip`).",
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": [FIELD], "properties": {FIELD: files}}
            }
        },
    }
