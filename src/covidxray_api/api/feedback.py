"""The door to the records: clinicians say what they think of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api import problems
from covidxray_api.api.access_log import RequestName
from covidxray_api.api.upload import read_body
from covidxray_api.models.store import ModelStore
from covidxray_api.records.feedback import Feedback
from covidxray_api.rendering import schemas
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from covidxray_api.records.database import Records

LIMIT = 32 * 1024
"""Most bytes of a body: the longest comment, each character written as two escapes of JSON."""

log = structlog.get_logger()


class FeedbackDoor:
    """Takes feedback, and keeps it without holding up the event loop.

    Parameters
    ----------
    settings : Settings
        Say where the records and the models are, and how long a request may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._models = ModelStore(settings.model_store)
        self._file = settings.records
        self.router = APIRouter(route_class=_small_body(settings.deadline_s))
        self.router.add_api_route(
            "/feedback",
            self.feedback,
            methods=["POST"],
            status_code=201,
            tags=["feedback"],
            responses=problems.documented(
                errors.InvalidRequest,
                errors.UnknownModel,
                errors.UnknownLabel,
                errors.ContradictoryFeedback,
                errors.BodyTooLarge,
                errors.CovidXrayError,
                errors.CorruptArtefact,
                errors.RecordsUnavailable,
                errors.UploadTooSlow,
            ),
        )

    @cached_property
    def _records(self) -> Records:
        # Not with the module: SQLAlchemy would be a tenth of the time until films are screened.
        from covidxray_api.records.database import Records

        return Records(self._file)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make the records in the background: films are screened without them, too."""
        start = asyncio.create_task(asyncio.to_thread(self._start))
        try:
            yield
        finally:
            await start

    def _start(self) -> None:
        try:
            self._records.prepare()
        except errors.RecordsUnavailable as error:
            log.error("feedback cannot be kept", reason=str(error))

    async def feedback(self, said: schemas.Feedback, _: RequestName) -> schemas.KeptFeedback:
        """Keep what a clinician thinks of an answer.

        Write nothing into `comment` by which a patient is known.
        """
        number = await asyncio.to_thread(self._keep, said)
        bind_contextvars(model=said.model.name, opinion=said.opinion)
        return schemas.KeptFeedback(id=number, request_id=said.request_id)

    def _keep(self, said: schemas.Feedback) -> int:
        feedback = Feedback(
            request_id=said.request_id,
            model=said.model.name,
            model_version=said.model.version,
            predicted_label=said.predicted_label,
            opinion=said.opinion,
            corrected_label=said.corrected_label,
            comment=said.comment,
        )
        feedback.check(self._models.get(feedback.model, feedback.model_version).manifest)
        try:
            return self._records.add_feedback(feedback)
        except errors.RecordsUnavailable as error:
            log.error("feedback was not kept", reason=str(error))
            raise


def _small_body(seconds: float) -> type[APIRoute]:
    """Make routes that read no more of a body than `LIMIT`, nor for longer, before it is parsed."""

    class SmallBody(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def bounded(request: Request) -> Response:
                try:
                    async with asyncio.timeout(seconds):
                        body = await read_body(request, LIMIT)
                except TimeoutError as error:
                    raise errors.UploadTooSlow(seconds=seconds) from error

                async def again() -> dict[str, Any]:
                    return {"type": "http.request", "body": body}

                return await handle(Request(request.scope, again))

            return bounded

    return SmallBody
