"""Routes that refuse whom and what they do not know, before a body is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any, ClassVar, Self

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from covidxray_api.api.allowance import serve_within_allowance
from covidxray_api.api.authorization import SCHEMES, authorize
from covidxray_api.api.state import state_of
from covidxray_api.api.upload import read_body
from covidxray_api.errors import InvalidRequest, UploadTooSlow
from covidxray_api.settings import Scope

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

SMALL_BODY_BYTES = 32 * 1024
"""Most bytes of a JSON body: the longest comment, each character written as two escapes."""


class StrictRoute(APIRoute):
    """A route that refuses who may not call it, and a query parameter that it does not have."""

    needs: ClassVar[Scope | None] = None
    """What a caller needs to be allowed; None for routes that are open to all."""

    @classmethod
    def needing(cls, scope: Scope) -> type[Self]:
        """Return this kind of route, for callers who are allowed a scope."""
        return type(cls.__name__, (cls,), {"needs": scope})

    async def handle(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Serve one request, of whoever may."""
        if not self.needs or scope["method"] not in (self.methods or ()):
            await self.handle_authorized(scope, receive, send)
            return
        request = Request(scope)
        caller = await authorize(request, self.needs)
        await serve_within_allowance(self.handle_authorized, request, caller, receive, send)

    async def handle_authorized(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Serve one request of a caller who may."""
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        handle = self.get_checked_handler()

        async def strict(request: Request) -> Response:
            self.check_parameters([name for name, _ in request.query_params.multi_items()])
            return await handle(request)

        return strict

    def check_parameters(self, names: Sequence[str]) -> None:
        """Refuse parameters that the route does not have, or that are given twice.

        Raises
        ------
        InvalidRequest
            It names what was meant.
        """
        known = tuple(parameter.alias for parameter in self.dependant.query_params)
        for name in names:
            if name not in known:
                raise unknown_parameter(name, known)
            if names.count(name) > 1:
                raise InvalidRequest("repeated_parameter", name=name)

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


def describe_security(described: dict[str, Any], routers: Iterable[APIRouter]) -> None:
    """Add to an app's description which of its routes need which scope."""
    described["components"]["securitySchemes"] = SCHEMES
    for route in chain.from_iterable(router.routes for router in routers):
        if isinstance(route, StrictRoute) and route.needs and route.include_in_schema:
            operations = described["paths"][route.path_format]
            for operation in (operations[method.lower()] for method in sorted(route.methods or ())):
                # A list of scopes is for OAuth alone (OpenAPI 3.0), and linters hold to it.
                operation["security"] = [{name: []} for name in SCHEMES]
                operation["description"] += f"\n\nNeeds the scope `{route.needs}`."


def unknown_parameter(name: str, known: tuple[str, ...]) -> InvalidRequest:
    """Return the error over a name that is not known, with that which was meant."""
    meant = get_close_matches(name, known, n=1)
    if meant:
        return InvalidRequest("unknown_parameter", name=name, meant=meant[0])
    return InvalidRequest("unexpected_parameter", name=name, known=known)
