"""The access log: each request has an id, leaves one line, and is answered whatever happens."""

from __future__ import annotations

import random
import re
import time
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from covidxray_api.api import problems
from covidxray_api.errors import CovidXrayError
from covidxray_api.serving.logs import log_failure

HEADER = "X-Request-ID"

ELSE = "/{…}"
"""What stands for the part of a path that no route has named."""

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

log = structlog.get_logger()


class AccessLog:
    """ASGI middleware that identifies and logs requests, and answers for unforeseen errors.

    The log has no query, file name or pixel of a request: nothing that identifies a patient. Of a
    path it has what the service calls it: who uploads `NAME.dcm` to the wrong address names it too.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    known : set of str
        The first segments of the paths that there are.
    """

    def __init__(self, app: ASGIApp, known: frozenset[str]) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = sane(Headers(scope=scope).get(HEADER, ""))
        scope.setdefault("state", {})["request_id"] = request_id
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status: int | None = None

        async def send_identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                # Answers are about patients; what may be kept says so itself.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_identified)
        except Exception as error:
            log_failure(log, "unforeseen error", error)
            if status is not None:
                raise
            response = problems.respond_to(HTTPConnection(scope), CovidXrayError())
            await response(scope, receive, send_identified)
        finally:
            log_request(scope["method"], self._named(scope), status, started)

    def _named(self, scope: Scope) -> str:
        """Return the template of a route that there is, or the shape of another path."""
        route = scope.get("route")
        if isinstance(route, APIRoute):
            return route.path_format
        path = scope["path"].removeprefix(scope.get("app_root_path", scope.get("root_path", "")))
        first, slash, _ = path.removeprefix("/").partition("/")
        return f"/{first}{slash and ELSE}" if first in self._known else ELSE


def log_request(method: str, path: str, status: int | None, started: float, **facts: str) -> None:
    """Write the line of a request.

    Parameters
    ----------
    method, path : str
        What was asked; the path as `AccessLog` names it.
    status : int, optional
        Of the answer; none if there was none.
    started : float
        When it began, on the clock of `time.perf_counter`.
    **facts
        What the context does not know.
    """
    failed = status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    (log.error if failed else log.info)(
        "request",
        **facts,
        method=method,
        path=path,
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000, 1),
    )


def sane(proposed: str) -> str:
    """Return the id of a request: that which its client proposes, or a new one."""
    if _SANE.fullmatch(proposed):
        return proposed
    # An id needs to be unique, not secret; the kernel's randomness would cost a system call. Of a
    # UUID of version 4, six bits are given (RFC 9562, section 5.4).
    bits = random.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    drawn = f"{bits:032x}"
    return "-".join((drawn[:8], drawn[8:12], drawn[12:16], drawn[16:20], drawn[20:]))


def numbered(request_id: str, number: int) -> str:
    """Return the id of one answer of several to a request; it is sane too."""
    return f"{request_id[:120]}.{number}"


async def _request_id(
    request: Request,
    x_request_id: Annotated[  # noqa: ARG001 - declared for the OpenAPI description
        str | None,
        Header(
            description="Id of this request in answer and log: up to 128 of `A-Za-z0-9._-`;"
            " any other is replaced.",
            examples=["ward-3.42"],
        ),
    ] = None,
) -> str:
    identifier: str = request.state.request_id
    return identifier


RequestId = Annotated[str, Depends(_request_id)]
"""The id of the request."""
