"""Routes that refuse what they do not know, before a body is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from covidxray_api.api.state import state_of
from covidxray_api.api.upload import read_body
from covidxray_api.errors import InvalidRequest, UploadTooSlow

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

SMALL_BODY_BYTES = 32 * 1024
"""Most bytes of a JSON body: the longest comment, each character written as two escapes."""


class StrictRoute(APIRoute):
    """A route that refuses a query parameter that it does not have."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        handle = self.get_checked_handler()
        known = tuple(parameter.alias for parameter in self.dependant.query_params)

        async def strict(request: Request) -> Response:
            for name in request.query_params:
                if name not in known:
                    raise _unknown(name, known)
            return await handle(request)

        return strict

    def get_checked_handler(self) -> Handler:
        """Return what answers a request whose query parameters are known."""
        return super().get_route_handler()


class SmallBodyRoute(StrictRoute):
    """A route that reads no more than `SMALL_BODY_BYTES`, and not beyond the deadline."""

    def get_checked_handler(self) -> Handler:
        """Return what answers a request whose query parameters are known."""
        handle = super().get_checked_handler()

        async def bounded(request: Request) -> Response:
            seconds = state_of(request).settings.deadline_s
            try:
                async with asyncio.timeout(seconds):
                    body = await read_body(request, SMALL_BODY_BYTES)
            except TimeoutError as error:
                raise UploadTooSlow(seconds=seconds) from error

            async def again() -> dict[str, Any]:
                return {"type": "http.request", "body": body}

            return await handle(Request(request.scope, again))

        return bounded


def _unknown(name: str, known: tuple[str, ...]) -> InvalidRequest:
    meant = get_close_matches(name, known, n=1)
    if meant:
        return InvalidRequest("unknown_parameter", name=name, meant=meant[0])
    return InvalidRequest("unexpected_parameter", name=name, known=known)
