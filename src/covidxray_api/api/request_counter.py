"""Counts requests: by route, method and class of status."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from covidxray_api.api.problems import CLIENT_GONE

UNKNOWN = "unknown"
"""Route of a path that there is none for: paths themselves would be without number, and may name
patients."""

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
"""Methods that are told apart; a caller may invent more."""

GONE = "gone"
"""Status of a request that was not answered: its client went, or the process was stopped."""


class RequestCount:
    """The count of requests.

    Parameters
    ----------
    registry : CollectorRegistry
        Where it is kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "covidxray_requests",
            "Requests by route as in the API description (`unknown` for any other path) and class"
            " of status (`2xx` …; `gone` if the client went before an answer).",
            ("route", "method", "status"),
            registry=registry,
        )
        # Looked up anew for each request, a counter would cost as much as the counting.
        self._of = cache(requests.labels)

    def add(self, route: str, method: str, status: int | None) -> None:
        """Count a request by its route, and the status of its answer; none if it had none."""
        kind = f"{status // 100}xx" if status and status != CLIENT_GONE else GONE
        self._of(route, method if method in METHODS else "other", kind).inc()


class RequestCounter:
    """ASGI middleware that counts what is answered.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests, and whatever goes wrong.
    count : RequestCount
        The count.
    """

    def __init__(self, app: ASGIApp, count: RequestCount) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN)
            self._count.add(route, scope["method"], status)
