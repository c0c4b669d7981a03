"""Every request has a name, leaves one line in the log, and is answered, come what may."""

from __future__ import annotations

import random
import re
import time
import uuid
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from covidxray_api.api import problems
from covidxray_api.errors import CovidXrayError

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

log = structlog.get_logger()


class Tracing:
    """ASGI middleware that names requests, logs them, and answers for unforeseen errors.

    The log has no query, file name or pixel of a request: nothing by which a patient is known.

    Parameters
    ----------
    app : ASGIApp
        What answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _name(Headers(scope=scope).get(HEADER, ""))
        scope.setdefault("state", {})["request_id"] = request_id
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status: int | None = None

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception:
            log.exception("unforeseen error")
            if status is not None:
                raise
            response = problems.respond_to(HTTPConnection(scope), CovidXrayError())
            await response(scope, receive, send_named)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
            )


def _name(proposed: str) -> str:
    if _SANE.fullmatch(proposed):
        return proposed
    # A name needs to be unique, not secret; the kernel's randomness would cost a system call.
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


async def request_id(
    request: Request,
    x_request_id: Annotated[  # noqa: ARG001 - declared for the OpenAPI description
        str | None,
        Header(
            description="Name for this request in answer and log: up to 128 of `A-Za-z0-9._-`;"
            " any other is replaced.",
            examples=["ward-3.42"],
        ),
    ] = None,
) -> str:
    """Return the name of the request."""
    name: str = request.state.request_id
    return name


RequestName = Annotated[str, Depends(request_id)]
"""The name of the request."""
