"""Errors as problem details: RFC 9457, `application/problem+json`."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from covidxray_api.errors import CovidXrayError, InvalidRequest

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


def kinds(root: type[CovidXrayError] = CovidXrayError) -> Iterator[type[CovidXrayError]]:
    """Yield every kind of problem in the tree."""
    yield root
    for child in root.__subclasses__():
        yield from kinds(child)


def describe(kind: type[CovidXrayError]) -> Problem:
    """Return what all problems of a kind have in common."""
    return Problem(
        type=f"/problems/{kind.slug}", title=kind.title, status=kind.status, advice=kind.advice
    )


def respond(error: CovidXrayError, request_id: str) -> JSONResponse:
    """Render an error as the answer to a request."""
    detail = str(error)
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Such details name files of the server, and concern only who runs it.
        log.error("internal problem", problem=error.slug, detail=detail)
        detail = "The service's log has the details under this request id."
    problem = describe(type(error)).model_copy(update={"detail": detail, "request_id": request_id})
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return _answer(problem, headers)


def _answer(problem: Problem, headers: dict[str, str] | None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


async def _on_error(request: Request, error: CovidXrayError) -> JSONResponse:
    return respond(error, request.state.request_id)


async def _on_invalid_parameter(request: Request, error: RequestValidationError) -> JSONResponse:
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return respond(InvalidRequest("; ".join(faults)), request.state.request_id)


async def _on_disconnect(request: Request, _: ClientDisconnect) -> JSONResponse:
    # Nobody reads this answer; its status goes to the log.
    return respond(InvalidRequest("The upload ended early."), request.state.request_id)


async def _on_http(request: Request, error: HTTPException) -> JSONResponse:
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=f"{request.method} {request.url.path}",
        advice=InvalidRequest.advice,
        request_id=request.state.request_id,
    )
    return _answer(problem, dict(error.headers or {}))


def register(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""
    app.exception_handler(CovidXrayError)(_on_error)
    app.exception_handler(RequestValidationError)(_on_invalid_parameter)
    app.exception_handler(ClientDisconnect)(_on_disconnect)
    app.exception_handler(HTTPException)(_on_http)


_SCHEMA = {"$ref": f"#/components/schemas/{Problem.__name__}"}

ANY: dict[int | str, dict[str, Any]] = {
    "default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
}
"""OpenAPI description of an answer to any error."""


def documented(*errors: type[CovidXrayError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the answers to errors, with an example of each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        fresh = {
            "description": HTTPStatus(error.status).phrase,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}},
        }
        response = responses.setdefault(error.status, fresh)
        examples = response["content"][MEDIA_TYPE]["examples"]
        examples[error.slug] = {"value": describe(error).model_dump(exclude_none=True)}
    return responses
