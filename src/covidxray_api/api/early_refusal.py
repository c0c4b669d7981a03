"""An upload that finds no place is refused before it is routed: under overload most are."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from covidxray_api.api.admission import UploadRoute
from covidxray_api.api.authorization import authorize
from covidxray_api.api.letting_go import LettingGo
from covidxray_api.api.problems import respond_to
from covidxray_api.api.state import State
from covidxray_api.errors import CovidXrayError, NotReady, Overloaded


class EarlyRefusal:
    """ASGI middleware that says what the route would, at a fraction of the cost.

    Where clients are counted, and where a caller may not call, the route says it. A client that
    keeps its connection keeps its process: now and then one that is refused is let go, so that the
    next process that has a place gets it, as after another has been replaced.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    state : State
        What the routes share.
    routers : iterable of APIRouter
        Have the routes.
    """

    def __init__(self, app: ASGIApp, state: State, routers: Iterable[APIRouter]) -> None:
        self._app = app
        self._service = state.service
        self._letting_go = LettingGo()
        self._counts = not state.allowance.is_boundless
        routes = (route for router in routers for route in router.routes)
        self._uploads = {route.path: route for route in routes if isinstance(route, UploadRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and self._service.is_full and not self._counts:
            route = self._uploads.get(scope["path"].removeprefix(scope["root_path"]))
            if route and scope["method"] in (route.methods or ()):
                request = Request(scope)
                refusal = await self._refusal(request, route)
                if refusal:
                    scope["route"] = route
                    response = respond_to(request, refusal)
                    if self._letting_go.is_due():
                        response.headers["Connection"] = "close"
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _refusal(self, request: Request, route: UploadRoute) -> CovidXrayError | None:
        """Return why a caller who may is not served now; None where the route has to look."""
        try:
            if route.needs:
                await authorize(request, route.needs)
            with route.admitting(request):
                return None  # There is a place, or has become one.
        except (Overloaded, NotReady) as refusal:
            return refusal
        except CovidXrayError:
            return None
