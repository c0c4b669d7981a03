"""Records of screenings are written behind the answers, in batches, by a thread of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Full, Queue

import structlog

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.entry import Entry, entry_of
from covidxray_api.records.screenings import Screenings
from covidxray_api.records.secret import Secret
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.logs import log_failure
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Answered

GATHER_S = 0.5
"""Time for which records are gathered before they are written: with the writing, they are durable
within a second."""

MOST_WAITING = 1000
"""Records that may wait in this process, about 2 MB of them."""

BATCH = 200
"""Most records that are written in one transaction."""

RETRY_S = 1.0
"""Time between two tries to write."""

PATIENCE_S = 10.0
"""Time for which a stop waits for what is left to be written."""

log = structlog.get_logger()


class Writer:
    """Records each screening that it is told of; see `Observer`.

    Parameters
    ----------
    screenings : Screenings
        Where they are recorded.
    secret : Secret
        What images are hashed with.
    metrics : Metrics
        Count what is kept and lost.
    required : bool
        Whether no answer may go without its record.
    retention_days : int, optional
        Days after which records are deleted.
    """

    def __init__(
        self,
        screenings: Screenings,
        secret: Secret,
        metrics: Metrics,
        required: bool,
        retention_days: int | None = None,
    ) -> None:
        self._screenings = screenings
        self._secret = secret
        self._metrics = metrics
        self._required = required
        self._retention_days = retention_days
        self._queue: Queue[Entry] = Queue(MOST_WAITING)
        self._stopping = threading.Event()
        self.fails = False
        """Whether what waits could not be written when it was last tried."""

    def answered(self, answered: Answered) -> None:
        """Queue the record of an answer.

        Raises
        ------
        RecordsUnavailable
            If no answer may go without, and the database cannot be written.
        """
        if not isinstance(answered.found, Screening):
            return
        if self._required and self.fails:
            raise RecordsUnavailable("required")
        data = answered.data
        image = self._secret.of_image(data.read_bytes() if isinstance(data, Path) else data)
        try:
            self._queue.put_nowait(entry_of(answered, answered.found, image))
        except Full:
            if self._required:
                raise RecordsUnavailable("required") from None
            self._metrics.records("lost", 1)
            log.error("record lost", lost=answered.request_id)
        self._metrics.records_waiting(self._queue.qsize())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write until the end, and then what is left."""
        thread = threading.Thread(target=self._run, name="records", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        pruned: datetime | None = None
        while not self._stopping.is_set():
            self._write(self._gathered())
            today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            if self._retention_days and pruned != today:
                pruned = today
                self._prune(today - timedelta(days=self._retention_days))
        give_up = time.monotonic() + PATIENCE_S
        while batch := self._drained():
            self._write(batch, give_up)

    def _gathered(self) -> list[Entry]:
        """Return what waits, once there is something or a moment has passed."""
        try:
            first = self._queue.get(timeout=GATHER_S)
        except Empty:
            return []
        self._stopping.wait(GATHER_S)
        return [first, *self._drained(BATCH - 1)]

    def _drained(self, most: int = BATCH) -> list[Entry]:
        batch: list[Entry] = []
        while len(batch) < most:
            try:
                batch.append(self._queue.get_nowait())
            except Empty:
                break
        return batch

    def _write(self, batch: list[Entry], give_up: float | None = None) -> None:
        """Write a batch, however often it has to be tried; lose it only when the service stops."""
        again = False
        while batch:
            try:
                self._screenings.add(batch, again)
            except Exception as error:
                if not self.fails:
                    _tell(error)
                self.fails = again = True
                if self._stopping.is_set():
                    give_up = give_up or time.monotonic() + PATIENCE_S
                    if time.monotonic() > give_up:
                        self._metrics.records("lost", len(batch))
                        log.error("records lost", records=len(batch))
                        return
                if give_up is None:
                    self._stopping.wait(RETRY_S)
                else:
                    time.sleep(RETRY_S / 10)
            else:
                if self.fails:
                    log.info("records are written again")
                self.fails = False
                self._metrics.records("kept", len(batch))
                self._metrics.records_waiting(self._queue.qsize())
                return

    def _prune(self, before: datetime) -> None:
        try:
            deleted = self._screenings.prune(before)
        except RecordsUnavailable as error:
            log.error("old records cannot be deleted", reason=str(error))
        else:
            log.info("old records deleted", entries=deleted, before=before.isoformat())


def _tell(error: Exception) -> None:
    if isinstance(error, RecordsUnavailable):
        log.error("records cannot be written", reason=str(error))
    else:
        log_failure(log, "records cannot be written", error)
