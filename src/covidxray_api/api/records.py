"""The records, loaded once radiographs can be screened, and never written on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.models.manifest import Manifest
from covidxray_api.records.feedback import Feedback

if TYPE_CHECKING:
    from covidxray_api.records.database import Records

log = structlog.get_logger()


class FeedbackRecords:
    """Keeps feedback; where it cannot, radiographs are screened all the same.

    Parameters
    ----------
    file : Path
        The SQLite file of the records.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _records(self) -> Records:
        # Not with the module: SQLAlchemy takes a tenth of the time until the service is ready.
        from covidxray_api.records.database import Records

        return Records(self._file)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Prepare the records in the background."""
        start = asyncio.create_task(asyncio.to_thread(self._start))
        try:
            yield
        finally:
            await start

    def _start(self) -> None:
        try:
            self._records.prepare()
        except RecordsUnavailable as error:
            log.error("feedback cannot be kept", reason=str(error))

    def keep(self, feedback: Feedback, manifest: Manifest) -> int:
        """Check feedback against the model that it is about, keep it, and return its number.

        Raises
        ------
        UnknownLabel, ContradictoryFeedback
            See `Feedback.check`.
        RecordsUnavailable
            If it cannot be written.
        """
        feedback.check(manifest)
        try:
            return self._records.add_feedback(feedback)
        except RecordsUnavailable as error:
            log.error("feedback was not kept", reason=str(error))
            raise
