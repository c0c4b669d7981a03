"""The application: which path leads to which endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from covidxray_api import __version__, errors
from covidxray_api.api import page, problems, upload
from covidxray_api.api.access_log import Tracing
from covidxray_api.api.admission import Admission
from covidxray_api.api.endpoints import REPORT, Endpoints
from covidxray_api.api.examples import add_examples
from covidxray_api.api.feedback import FeedbackDoor
from covidxray_api.rendering import png as pictures
from covidxray_api.rendering import schemas
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.logs import configure_logs
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import Settings

DESCRIPTION = """\
Screens frontal chest radiographs for COVID-19 and viral pneumonia. Decision support, not a
diagnosis. Errors are problem details (RFC 9457) of type `application/problem+json`.
"""

IMAGES = frozenset({"/predict", "/validate", "/explain", "/preview", "/report"})
"""Paths that images are posted to."""

MODEL_ERRORS = (errors.UnknownModel, errors.UnknownOperatingPoint)

UPLOAD_ERRORS = (
    errors.InvalidRequest,
    errors.MissingFile,
    errors.EmptyFile,
    errors.BodyTooLarge,
    errors.TooManyPixels,
    errors.UnsupportedFormat,
    errors.RadiographError,
    errors.UnreadableImage,
    errors.ImageTooSmall,
    errors.CovidXrayError,
    errors.NotReady,
    errors.Overloaded,
    errors.UploadTooSlow,
    errors.DeadlineExceeded,
)


def create_app(
    settings: Settings, build: Callable[[Settings], Screener] = Screener.from_settings
) -> FastAPI:
    """Make the application; it loads models when it is started, not before.

    Parameters
    ----------
    settings : Settings
        Every knob.
    build : callable
        Makes the screener of the settings.
    """
    service = ScreeningService(settings, build)
    endpoints = Endpoints(service, settings)
    feedback = FeedbackDoor(settings)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with service.running(), feedback.running():
            yield

    app = FastAPIOffline(
        title="covidxray-api",
        version=__version__,
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=running,
        generate_unique_id_function=_operation_id,
        responses=problems.ANY,
    )
    app.add_middleware(Admission, paths=IMAGES, places=service.places)
    app.add_middleware(Tracing)
    problems.register(app)
    _route(app, endpoints)
    app.include_router(feedback.router)
    add_examples(app)
    return app


def served() -> FastAPI:
    """Make the application of a process that serves; its settings are in its environment."""
    settings = Settings()
    configure_logs(settings.log_level)
    return create_app(settings)


def _route(app: FastAPI, endpoints: Endpoints) -> None:
    takes_image = partial(
        app.add_api_route, methods=["POST"], tags=["screening"], openapi_extra=upload.REQUEST_BODY
    )
    takes_image(
        "/predict", endpoints.predict, responses=problems.documented(*MODEL_ERRORS, *UPLOAD_ERRORS)
    )
    takes_image("/validate", endpoints.validate, responses=problems.documented(*UPLOAD_ERRORS))
    takes_image(
        "/explain",
        endpoints.explain,
        response_model=schemas.Explained,
        responses=pictures.ANSWER
        | problems.documented(
            *MODEL_ERRORS, errors.UnknownLabel, errors.NotExplained, *UPLOAD_ERRORS
        ),
    )
    takes_image(
        "/preview",
        endpoints.preview,
        response_class=Response,
        responses=pictures.ANSWER | problems.documented(*UPLOAD_ERRORS),
    )
    takes_image(
        "/report",
        endpoints.report,
        response_class=Response,
        responses=REPORT | problems.documented(*MODEL_ERRORS, *UPLOAD_ERRORS),
    )
    app.add_api_route(
        "/models",
        endpoints.models,
        tags=["models"],
        responses=problems.documented(errors.CorruptArtefact),
    )
    app.add_api_route("/health", endpoints.health, tags=["health"])
    app.add_api_route("/health/live", endpoints.live, tags=["health"])
    app.add_api_route(
        "/health/ready",
        endpoints.ready,
        tags=["health"],
        responses=problems.documented(errors.NotReady),
    )
    app.add_api_route(
        "/problems/{slug}",
        endpoints.problem,
        tags=["problems"],
        response_model_exclude_none=True,
    )
    app.add_api_route("/", page.page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/web", page.assets())


def _operation_id(route: APIRoute) -> str:
    return route.name
