"""Errors as problem details: RFC 9457, `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import JSONResponse, Response
from structlog.contextvars import bind_contextvars

from covidxray_api.api.negotiation import DEFAULT, VARY, negotiate
from covidxray_api.errors import (
    CovidXrayError,
    Fact,
    Forbidden,
    InvalidRequest,
    TooManyRequests,
    Unauthenticated,
)
from covidxray_api.serving.jobs import ClientGone
from covidxray_api.texts.language import Language
from covidxray_api.texts.problems import advice, detail, sample_detail, title

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


class Problem(BaseModel):
    """What went wrong, for programs and for people."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Stable identifier; GET it for the problem's meaning. `about:blank` says no more than HTTP."""

    title: str
    """Short name of the problem, the same each time."""

    status: int
    """HTTP status of the answer."""

    detail: str | None = None
    """What happened this time."""

    advice: str
    """What the sender can do about it."""

    request_id: str | None = None
    """Identifier of the request in the service's log."""


STATUS: Mapping[str, HTTPStatus] = {
    "internal-error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid-request": HTTPStatus.BAD_REQUEST,
    "missing-file": HTTPStatus.BAD_REQUEST,
    "invalid-image": HTTPStatus.UNPROCESSABLE_ENTITY,
    "empty-file": HTTPStatus.BAD_REQUEST,
    "body-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too-many-pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported-format": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "unreadable-image": HTTPStatus.UNPROCESSABLE_ENTITY,
    "image-too-small": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not-acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "unknown-model": HTTPStatus.NOT_FOUND,
    "unknown-operating-point": HTTPStatus.BAD_REQUEST,
    "unknown-label": HTTPStatus.BAD_REQUEST,
    "not-explained": HTTPStatus.UNPROCESSABLE_ENTITY,
    "contradictory-feedback": HTTPStatus.BAD_REQUEST,
    "records-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "unknown-screening": HTTPStatus.NOT_FOUND,
    "results-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "unknown-result": HTTPStatus.NOT_FOUND,
    "archive-unavailable": HTTPStatus.BAD_GATEWAY,
    "unknown-job": HTTPStatus.NOT_FOUND,
    "jobs-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "corrupt-artefact": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid-site-profile": HTTPStatus.INTERNAL_SERVER_ERROR,
    "parity-broken": HTTPStatus.INTERNAL_SERVER_ERROR,
    "not-ready": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "upload-too-slow": HTTPStatus.REQUEST_TIMEOUT,
    "header-too-slow": HTTPStatus.REQUEST_TIMEOUT,
    "header-too-large": HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "deadline-exceeded": HTTPStatus.GATEWAY_TIMEOUT,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "access-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "too-many-requests": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid-configuration": HTTPStatus.INTERNAL_SERVER_ERROR,
    "file-unavailable": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid-job": HTTPStatus.INTERNAL_SERVER_ERROR,
    "invalid-dataset": HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""HTTP status of each code."""

CLIENT_GONE = 499
"""Status in log and metrics of a request whose client went before it was answered; nginx's."""

RETRY_AFTER: Mapping[str, int] = {
    "records-unavailable": 60,
    "results-unavailable": 60,
    "jobs-unavailable": 30,
    "access-unavailable": 10,
    "not-ready": 5,
    "overloaded": 1,
    "deadline-exceeded": 5,
}
"""Seconds after which the same request may succeed (RFC 9110, section 10.2.3), by code."""


def describe(code: str, language: Language = DEFAULT, prefix: str = "") -> Problem:
    """Return what all problems of a code have in common.

    Parameters
    ----------
    code : str
        Code of the error.
    language : str
        Language of title and advice.
    prefix : str
        Path prefix under which the service is published, so that the type can be followed.
    """
    return Problem(
        type=f"{prefix}/problems/{code}",
        title=title(code, language),
        status=STATUS[code],
        advice=advice(code, language, "http"),
    )


def problem_of(request: HTTPConnection, error: CovidXrayError) -> dict[str, Any]:
    """Return an error as JSON, in the language that the request asks for."""
    language = negotiate(request.headers.get("accept-language", ""))
    prefix = request.scope.get("root_path", "")
    problem = as_problem(error, language, prefix, request.state.request_id)
    # Where clients of the Open Inference Protocol look for it.
    is_inference = request.scope["path"].removeprefix(prefix).startswith("/v2/")
    return problem | ({"error": problem["detail"]} if is_inference else {})


def as_problem(
    error: CovidXrayError, language: Language, prefix: str, request_id: str
) -> dict[str, Any]:
    """Return an error as JSON.

    Parameters
    ----------
    error : CovidXrayError
        The error; one that concerns only who runs the service goes to the log alone.
    language : str
        Language of what it says.
    prefix : str
        Path prefix under which the service is published.
    request_id : str
        Of the request.
    """
    said = error
    if STATUS[error.code] == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Such details name files of the server, and concern only who runs it.
        log.error("internal problem", problem=error.code, detail=str(error))
        said = CovidXrayError()
    return _in_common(error.code, language, prefix) | {
        "detail": detail(said, language),
        "request_id": request_id,
    }


def respond_to(request: HTTPConnection, error: CovidXrayError) -> JSONResponse:
    """Return an error as the answer to a request, in the language that it asks for.

    Its code goes to the line of the request in the log.
    """
    bind_contextvars(problem=error.code)
    problem = problem_of(request, error)
    language = negotiate(request.headers.get("accept-language", ""))
    headers = {"Content-Language": language, "Vary": VARY}
    if seconds := retry_after(error):
        headers["Retry-After"] = str(seconds)
    if challenge := _challenge(error):
        headers["WWW-Authenticate"] = challenge
    return _answer(problem, headers)


def retry_after(error: CovidXrayError) -> Fact:
    """Return the seconds after which the same request may succeed; None if it will not."""
    if isinstance(error, TooManyRequests):
        return error.facts["seconds"]
    return RETRY_AFTER.get(error.code)


def _challenge(error: CovidXrayError) -> str | None:
    """Return what is said to who may not call (RFC 6750, section 3)."""
    if isinstance(error, Forbidden):
        needed = error.facts["needed"]
        return f'Bearer realm="covidxray", error="insufficient_scope", scope="{needed}"'
    if isinstance(error, Unauthenticated):
        missing = error.reason == "missing"
        return 'Bearer realm="covidxray"' + ("" if missing else ', error="invalid_token"')
    return None


@cache
def _in_common(code: str, language: Language, prefix: str) -> dict[str, Any]:
    """Return `describe` as JSON, made once: a busy service refuses often."""
    return describe(code, language, prefix).model_dump(exclude_none=True)


def _answer(problem: dict[str, Any], headers: Mapping[str, str]) -> JSONResponse:
    return JSONResponse(
        problem,
        status_code=problem["status"],
        headers=dict(headers),
        media_type=MEDIA_TYPE,
    )


async def _on_error(request: Request, error: CovidXrayError) -> JSONResponse:
    return respond_to(request, error)


async def _on_invalid_parameter(request: Request, error: RequestValidationError) -> JSONResponse:
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return respond_to(request, InvalidRequest("parameters", faults="; ".join(faults)))


async def _on_disconnect(_: Request, __: Exception) -> Response:
    # Nobody reads this answer; its status goes to the log.
    return Response(status_code=CLIENT_GONE)


async def _on_http(request: Request, error: HTTPException) -> JSONResponse:
    language = negotiate(request.headers.get("accept-language", ""))
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=f"{request.method} {request.url.path}",
        advice=advice(InvalidRequest.code, language, "http"),
        request_id=request.state.request_id,
    )
    headers = {"Content-Language": language, "Vary": VARY, **(error.headers or {})}
    return _answer(problem.model_dump(exclude_none=True), headers)


def register(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""
    app.exception_handler(CovidXrayError)(_on_error)
    app.exception_handler(RequestValidationError)(_on_invalid_parameter)
    app.exception_handler(ClientDisconnect)(_on_disconnect)
    app.exception_handler(ClientGone)(_on_disconnect)
    app.exception_handler(HTTPException)(_on_http)


SCHEMA = {"$ref": f"#/components/schemas/{Problem.__name__}"}

ANY: dict[int | str, dict[str, Any]] = {
    "default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
}
"""OpenAPI description of an answer to any error."""


def documented(*errors: type[CovidXrayError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the answers to errors, with an example of each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        fresh = {
            "description": STATUS[error.code].phrase,
            "content": {MEDIA_TYPE: {"schema": SCHEMA, "examples": {}}},
        }
        response = responses.setdefault(STATUS[error.code].value, fresh)
        examples = response["content"][MEDIA_TYPE]["examples"]
        examples[error.code] = {"value": _example(error.code)}
    return responses


def _example(code: str) -> dict[str, Any]:
    said = CovidXrayError.code if STATUS[code] == HTTPStatus.INTERNAL_SERVER_ERROR else code
    problem = describe(code).model_copy(
        update={
            "detail": sample_detail(said, DEFAULT),
            "request_id": "0b6c1f6e-6a2f-4a57-9a55-2f1d5b6d0a11",
        }
    )
    return problem.model_dump(exclude_none=True)
