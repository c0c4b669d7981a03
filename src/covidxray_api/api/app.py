"""The application: which routers, in which wrapping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from covidxray_api import __version__
from covidxray_api.access.allowance import Allowance
from covidxray_api.access.control import AccessControl
from covidxray_api.api import description, problems
from covidxray_api.api.access_log import HEADER as REQUEST_ID_HEADER
from covidxray_api.api.access_log import AccessLog
from covidxray_api.api.answers import SPACING, SPACING_PLANE
from covidxray_api.api.authorization import KEY_HEADER
from covidxray_api.api.early_refusal import EarlyRefusal
from covidxray_api.api.head import HeadAsGet
from covidxray_api.api.headers import SecurityHeaders
from covidxray_api.api.jobs import ServiceJobs
from covidxray_api.api.prefix import VERSION, Forwarded, PathPrefix, Proxies
from covidxray_api.api.read_on import ReadOn
from covidxray_api.api.records import ServiceRecords
from covidxray_api.api.request_counter import RequestCount, RequestCounter
from covidxray_api.api.results import ServiceResults
from covidxray_api.api.routers import (
    batch,
    feedback,
    health,
    inference,
    jobs,
    models,
    page,
    pixels,
    problem_types,
    retrieve,
    screening,
    search,
    store,
    worklist,
)
from covidxray_api.api.routers import metrics as metrics_router
from covidxray_api.api.routers import records as records_router
from covidxray_api.api.shedding import NAME as SHEDDING
from covidxray_api.api.shedding import Shedding
from covidxray_api.api.state import State
from covidxray_api.api.tracing import TracedRequests, provider
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.rendering.registry import RENDERERS, Renderers
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.capacity import CapacityLimiter
from covidxray_api.serving.change import ModelChange
from covidxray_api.serving.composition import Build, compose
from covidxray_api.serving.metrics import Metrics
from covidxray_api.settings import Settings


def _first(route: BaseRoute) -> str:
    return route.path.split("/")[1] if isinstance(route, APIRoute) else ""


ROUTERS = (
    screening.router,
    batch.router,
    jobs.handing_in,
    jobs.handed_in,
    inference.health,
    inference.models,
    inference.infer,
    feedback.router,
    models.router,
    health.router,
    metrics_router.router,
    records_router.router,
    worklist.router,
    store.router,
    search.router,
    retrieve.router,
    pixels.router,
    problem_types.router,
    page.router,
)


KNOWN = frozenset(
    {
        *("web", page.SWAGGER),
        *(_first(route) for router in ROUTERS for route in router.routes),
    }
) - {""}
"""The first segments of all paths."""

CROSS_ORIGIN: dict[str, Any] = {
    "allow_methods": ("GET", "HEAD", "POST", "DELETE"),
    "allow_headers": ("Authorization", "If-None-Match", KEY_HEADER, REQUEST_ID_HEADER),
    "expose_headers": (
        *(REQUEST_ID_HEADER, "Content-Disposition", "Content-Language", "ETag", "Location"),
        *(
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "WWW-Authenticate",
            SPACING,
            SPACING_PLANE,
        ),
    ),
}
"""What a page of another origin may send and read. No credentials: a browser has none of its own
here, since keys and tokens are sent by the page itself."""


def create_app(
    settings: Settings,
    build: Build = Screener.from_settings,
    renderers: Renderers = RENDERERS,
    start_first: bool = False,
) -> FastAPI:
    """Make the application; it loads models when it is started, not before.

    Parameters
    ----------
    settings : Settings
        Every knob.
    build : callable
        Makes the screener of the settings.
    renderers : Renderers
        Draw the answers.
    start_first : bool
        See `ScreeningService`.
    """
    metrics = Metrics()
    records = ServiceRecords(settings, metrics)
    service = compose(settings, build, metrics, [records], start_first)
    state = State(
        settings,
        service,
        ModelChange(service),
        records,
        ServiceResults(settings),
        AccessControl.from_settings(settings),
        Allowance(settings.client_rate, settings.client_in_flight),
        CapacityLimiter(settings.batches_in_flight),
        ServiceJobs(settings, service),
        renderers,
    )

    traces = provider(settings.traces) if settings.traces else None
    count = RequestCount(metrics.registry)
    shedding = Shedding.of(state, count, ROUTERS)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        # The service stops first: what it has answered is recorded.
        must = start_first and records_matter(settings)
        async with (
            records.running() as prepared,
            service.running(prepared if must else None),
            state.jobs.running(),
            _answering_rpc(state),
        ):
            yield {SHEDDING: shedding}
        if traces:
            await asyncio.to_thread(traces.shutdown)

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        title="covidxray-api",
        version=__version__,
        description=description.TEXT,
        contact=description.CONTACT,
        license_info=description.LICENSE,
        openapi_tags=description.TAGS,
        servers=[{"url": f"{settings.root_path}{VERSION}", "description": "This service"}],
        redirect_slashes=False,
        lifespan=running,
        generate_unique_id_function=_operation_id,
        responses=problems.ANY,
    )
    state.keep_in(app)
    # From the innermost to the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(EarlyRefusal, state=state, routers=ROUTERS)
    app.add_middleware(AccessLog, known=KNOWN)
    app.add_middleware(RequestCounter, count=count)
    if traces:
        app.add_middleware(TracedRequests, provider=traces)
    app.add_middleware(SecurityHeaders)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.cors_origins, **CROSS_ORIGIN)
    app.add_middleware(PathPrefix, prefix=settings.root_path)
    app.add_middleware(Forwarded, proxies=Proxies(settings.trusted_proxies))
    app.add_middleware(ReadOn)
    problems.register(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/web", page.FILES)
    app.mount(f"/{page.SWAGGER}", page.SWAGGER_FILES)
    description.describe_when_asked(app, ROUTERS)
    return app


@asynccontextmanager
async def _answering_rpc(state: State) -> AsyncIterator[None]:
    """Speak gRPC too, where the settings name a port for it."""
    if state.settings.grpc_port is None:
        yield
        return
    try:
        # Not with the module: most services speak HTTP alone.
        from covidxray_api.api.rpc.server import listening
    except ModuleNotFoundError as error:
        raise InvalidConfiguration("grpc_extra") from error
    async with listening(state):
        yield


def records_matter(settings: Settings) -> bool:
    """Return whether somebody has asked for records, so that the service must not go without."""
    return settings.record_screenings != "off" or "records" in settings.model_fields_set


def _operation_id(route: APIRoute) -> str:
    return route.name
