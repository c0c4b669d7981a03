"""The records, prepared beside the models, and never read or written on the event loop."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Literal

import structlog

from covidxray_api.errors import RecordsUnavailable, UnknownScreening
from covidxray_api.models.drift import Drift, drifts
from covidxray_api.models.manifest import Manifest
from covidxray_api.models.store import StoredModel
from covidxray_api.records.feedback import Feedback
from covidxray_api.screening.screening import Validation
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Answered
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from covidxray_api.records.opinions import KeptOpinion, Opinions
    from covidxray_api.records.screenings import Screenings
    from covidxray_api.records.writer import Writer

COMPARED = 500
"""Latest screenings whose distribution is compared."""

REFRESH_S = 60
"""Time for which what was found of them holds, in metrics."""

START_S = 30.0
"""Time for which an answer waits for the records to be prepared."""

RECENT_S = 2.0
"""Time in which the record of an answer is written for sure, wherever it was given."""

AGAIN_S = 0.25
"""Time between two looks for it."""

log = structlog.get_logger()


class ServiceRecords:
    """Feedback and records of screenings.

    Where feedback cannot be kept, radiographs are screened all the same.

    Parameters
    ----------
    settings : Settings
        Where records are kept, and of what.
    metrics : Metrics
        Count them.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._writer: Writer | None = None
        self._started = threading.Event()
        self._compared = -math.inf

    @property
    def opinions(self) -> Opinions:
        """Clinicians' opinions."""
        # Not with the module: SQLAlchemy takes a tenth of the time until the service is ready.
        from covidxray_api.records.opening import open_opinions

        return open_opinions(self._settings)

    @property
    def screenings(self) -> Screenings:
        """The record of screenings."""
        from covidxray_api.records.opening import open_screenings

        return open_screenings(self._settings)

    @property
    def state(self) -> Literal["off", "ok", "failing"]:
        """Whether screenings are recorded, and whether that works."""
        if self._settings.record_screenings == "off":
            return "off"
        return "failing" if self._writer is None or self._writer.fails else "ok"

    @property
    def refuses(self) -> bool:
        """Whether no radiograph is answered, as its record could not be kept."""
        return self.state == "failing" and self._settings.record_screenings == "required"

    def answered(self, answered: Answered) -> None:
        """Record an answer; see `Observer`."""
        if self._settings.record_screenings == "off" or isinstance(answered.found, Validation):
            return
        # Where radiographs are answered before the records are prepared, as none may be missed.
        self._started.wait(START_S)
        if self._writer:
            self._writer.answered(answered)
        elif self.refuses:
            raise RecordsUnavailable("required")
        else:
            self._metrics.records("lost", 1)
            log.error("record lost", lost=answered.request_id)

    def drifts(self, model: StoredModel) -> list[Drift]:
        """Return how far the latest screenings by a model are from its reference.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        found = drifts(model, self.screenings.latest(model.manifest, COMPARED))
        self._metrics.drifted(found)
        self._compared = time.monotonic()
        return found

    def refresh_drift(self, model: StoredModel | None) -> None:
        """Bring the metrics of drift up to date, where screenings are recorded and can be read."""
        if model is None or self.state != "ok" or time.monotonic() < self._compared + REFRESH_S:
            return
        try:
            self.drifts(model)
        except RecordsUnavailable as error:
            log.error("drift cannot be computed", reason=str(error))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Prepare the records in the background, and keep them until the end.

        Yields
        ------
        callable
            Waits until they are prepared.

        Raises
        ------
        RecordsUnavailable
            By what is yielded, if they cannot be written.
        """
        with ExitStack() as stack:
            start = asyncio.create_task(asyncio.to_thread(self._start, stack))
            try:
                yield lambda: asyncio.shield(start)
            finally:
                await asyncio.wait({start})
                if error := start.exception():
                    log.error("records cannot be kept", reason=str(error))
                # What is left is written, while other requests are still told that it stops.
                await asyncio.to_thread(stack.close)

    def _start(self, stack: ExitStack) -> None:
        from covidxray_api.records.opening import open_database, open_writer

        try:
            open_database(self._settings).prepare()
            if self._settings.record_screenings != "off":
                writer = open_writer(self._settings, self._metrics)
                stack.enter_context(writer.running())
                self._writer = writer
        finally:
            self._started.set()

    async def keep(self, feedback: Feedback, manifest: Manifest) -> KeptOpinion:
        """Check feedback against the answer that it is about, and keep it.

        Raises
        ------
        UnknownLabel, ContradictoryFeedback
            See `Feedback.check`, and `Opinions.check_answered` where screenings are recorded.
        UnknownScreening
            If screenings are recorded, and this one is not.
        RecordsUnavailable
            If it cannot be written.
        """
        feedback.check(manifest)
        try:
            if self._settings.record_screenings != "off":
                await self._check_answered(feedback)
            return await asyncio.to_thread(lambda: self.opinions.add(feedback))
        except RecordsUnavailable as error:
            log.error("feedback was not kept", reason=str(error))
            raise

    async def _check_answered(self, feedback: Feedback) -> None:
        looks = round(RECENT_S / AGAIN_S)
        for look in range(looks + 1):
            try:
                return await asyncio.to_thread(lambda: self.opinions.check_answered(feedback))
            except UnknownScreening:
                # It may be the answer of a moment ago, whose record another process still has.
                if look == looks:
                    raise
            await asyncio.sleep(AGAIN_S)
        return None
