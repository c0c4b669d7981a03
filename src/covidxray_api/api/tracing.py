"""Traces of requests for OpenTelemetry, where they are asked for: a span of each stage.

The caller's `traceparent` (W3C Trace Context) is taken over. No attribute tells whose request it
was or what was found: not its id, its caller, its query, a file's name or an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from covidxray_api import __version__
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.screening.screener import Screener

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Result = TypeVar("Result")

STAGES: Mapping[str, str] = {"decode": "decode", "gate": "check", "inference": "infer"}
"""Name of the span of each stage that a screening tells the time of."""

RENDER = "render"

NS = 1_000_000_000


class Stages:
    """When the stages of a request began and ended, in nanoseconds since 1970."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, int, int]] = []
        self._seconds: Mapping[str, float] = {}

    def told(self, seconds: Mapping[str, float]) -> None:
        """Note how long each stage took."""
        self._seconds = seconds

    def of(self, work: Callable[[Screener], Result]) -> Callable[[Screener], Result]:
        """Return work that notes when it ran: the stages one after another, then the rendering."""

        def noted(screener: Screener) -> Result:
            begun = time.time_ns()
            result = work(screener)
            for stage, name in STAGES.items():
                if stage in self._seconds:
                    ended = begun + round(self._seconds[stage] * NS)
                    self.spans.append((name, begun, ended))
                    begun = ended
            if self._seconds:
                self.spans.append((RENDER, begun, max(begun, time.time_ns())))
            return result

        return noted


def stages_of(request: HTTPConnection) -> Stages | None:
    """Return where the stages of a request are noted; None where nobody traces it."""
    found: Stages | None = getattr(request.state, "stages", None)
    return found


class TracedRequests:
    """ASGI middleware that makes a span of each request.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    provider : TracerProvider
        Sends the spans.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._tracer = provider.get_tracer("covidxray_api", __version__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract(dict(Headers(scope=scope)))
        span = self._tracer.start_span(scope["method"], context, SpanKind.SERVER)
        stages = scope.setdefault("state", {})["stages"] = Stages()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # A path that no route has may name a patient.
            route = getattr(scope.get("route"), "path", None)
            span.set_attribute("http.request.method", scope["method"])
            if route:
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)
            inside = set_span_in_context(span)
            for name, begun, ended in stages.spans:
                self._tracer.start_span(name, inside, start_time=begun).end(ended)
            span.end()


def provider(endpoint: str) -> TracerProvider:
    """Return what sends spans in batches, by a thread of its own, to an OTLP/HTTP endpoint.

    Parameters
    ----------
    endpoint : str
        Address that takes traces, as ``http://collector:4318/v1/traces``.

    Raises
    ------
    InvalidConfiguration
        If OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise InvalidConfiguration("traces_extra") from error
    resource = Resource.create({"service.name": "covidxray-api", "service.version": __version__})
    made = TracerProvider(resource=resource, shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    return made
