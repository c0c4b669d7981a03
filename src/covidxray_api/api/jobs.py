"""Jobs: screened beside the requests of each process, one film at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from covidxray_api.api.access_log import numbered
from covidxray_api.api.outcomes import batch_answer, outcome
from covidxray_api.errors import (
    CovidXrayError,
    DeadlineExceeded,
    JobsUnavailable,
    NotReady,
    Overloaded,
    RecordsUnavailable,
    UnknownJob,
)
from covidxray_api.jobs.job import Asked, HandedIn
from covidxray_api.jobs.metrics import JobMetrics
from covidxray_api.rendering.json import prediction
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.schemas import Prediction
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.logs import log_failure
from covidxray_api.serving.observer import Answered
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from covidxray_api.jobs.job import Film
    from covidxray_api.jobs.queue import JobQueue

POLL_S = 0.5
"""Seconds between two looks for work that another process was handed."""

TURN_S = 2.0
"""Seconds for which a film lets requests go first, where there are always some."""

GLANCE_S = 0.02
"""Seconds between two looks for whether there are any."""

TIDY_S = 60.0
"""Seconds between two looks for what is to be erased."""

MOST_TRIES = 3
"""How often a film is begun: what ends each process that screens it gets a problem."""

log = structlog.get_logger()


class ServiceJobs:
    """The jobs of a service, in one of its processes.

    Parameters
    ----------
    settings : Settings
        Where jobs are kept, how many and how long, and who may be called.
    service : ScreeningService
        Screens.
    """

    def __init__(self, settings: Settings, service: ScreeningService) -> None:
        self._settings = settings
        self._service = service
        self._metrics = JobMetrics(service.metrics.registry)
        self._queue: JobQueue | None = None
        self._stopping = asyncio.Event()
        self._handed_in = asyncio.Event()

    def check_on(self) -> None:
        """Refuse where no jobs are taken.

        Raises
        ------
        UnknownJob
            If the settings name no folder for them.
        """
        if self._settings.jobs is None:
            raise UnknownJob("off")

    @property
    def queue(self) -> JobQueue:
        """What was handed in; its methods wait for the disk.

        Raises
        ------
        UnknownJob
            If no jobs are taken.
        """
        if self._queue is None:
            raise UnknownJob("off")
        return self._queue

    async def add(
        self, files: Iterable[HandedIn], asked: Asked, caller: str | None, address: str | None
    ) -> str:
        """Keep a new job; see `Intake.add`."""
        job = await asyncio.to_thread(self.queue.intake.add, files, asked, caller, address)
        self._handed_in.set()
        return job

    def refresh_metrics(self) -> None:
        """Bring the metrics of jobs up to date, where jobs are taken and can be read."""
        if self._queue is None:
            return
        try:
            self._metrics.show(self._queue.load())
        except JobsUnavailable as error:
            log.error("jobs cannot be counted", reason=str(error))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work on jobs, until a film that has begun at the end is answered.

        Raises
        ------
        JobsUnavailable
            If the folder cannot be written.
        InvalidConfiguration
            If calls cannot be signed.
        """
        if self._settings.jobs is None:
            yield
            return
        # Not with the module: most services take no jobs.
        from covidxray_api.jobs.queue import JobQueue

        settings = self._settings
        self._queue = await asyncio.to_thread(
            JobQueue, self._settings.jobs, settings.jobs_max_files, settings.jobs_max_bytes
        )
        tasks = [asyncio.create_task(self._repeat(work)) for work in self._duties()]
        try:
            yield
        finally:
            self._stopping.set()
            self._handed_in.set()
            await asyncio.gather(*tasks)
            await asyncio.to_thread(self._queue.close)

    def _duties(self) -> list[Callable[[], Awaitable[None]]]:
        duties: list[Callable[[], Awaitable[None]]] = [self._screen_next, self._tidy]
        if self._settings.webhook_origins and self._settings.webhook_secret:
            from covidxray_api.jobs.calls import read_secret

            secret = read_secret(self._settings.webhook_secret)
            duties.append(lambda: self._call_next(secret))
        return duties

    async def _repeat(self, duty: Callable[[], Awaitable[None]]) -> None:
        """Do a duty again and again until the service stops; a fault is told once."""
        fails = False
        while not self._stopping.is_set():
            try:
                await duty()
                fails = False
            except Exception as error:
                if not fails:
                    log_failure(log, "jobs cannot be worked on", error)
                fails = True
                await self._pause(POLL_S)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the service stops."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _screen_next(self) -> None:
        await asyncio.to_thread(self.queue.free_orphans)
        if not await asyncio.to_thread(self.queue.waits):
            self._handed_in.clear()
            try:
                await asyncio.wait_for(self._handed_in.wait(), POLL_S)
            except TimeoutError:
                return
        await self._let_requests_go_first()
        if self._stopping.is_set():
            return
        film = await asyncio.to_thread(self.queue.claim)
        if film is not None:
            await self._screen(film)

    async def _let_requests_go_first(self) -> None:
        latest = time.monotonic() + TURN_S
        while self._service.in_flight and time.monotonic() < latest:
            await self._pause(GLANCE_S)

    async def _screen(self, film: Film) -> None:
        asked = film.asked
        context = asked.context()
        came = await outcome(self._prediction(film, context))
        match came:
            case NotReady() | Overloaded() | RecordsUnavailable():
                await asyncio.to_thread(self.queue.give_back, film)
                await self._pause(POLL_S)
                return
            case DeadlineExceeded() if film.tries < MOST_TRIES:
                await asyncio.to_thread(self.queue.give_back, film, counted=True)
                return
        answer = batch_answer(film.number, film.filename, came, context, asked.prefix)
        is_problem = answer.problem is not None
        await asyncio.to_thread(self.queue.answer, film, answer.model_dump_json(), is_problem)

    async def _prediction(self, film: Film, whole: Context) -> Prediction:
        if film.tries > MOST_TRIES:
            raise CovidXrayError
        asked = film.asked
        data = await asyncio.to_thread(film.path.read_bytes)
        context = replace(whole, request_id=numbered(whole.request_id, film.number))

        def work(screener: Screener) -> Prediction:
            found = screener.screen(
                data, asked.model, asked.operating_point, asked.prevalence, asked.gate
            )
            said = prediction(found, context)
            self._service.tell(Answered(found, data, context.request_id, film.caller))
            return said

        with self._service.admit() as admitted:
            return await admitted.run(work, asked.model)

    async def _tidy(self) -> None:
        kept_s = self._settings.jobs_kept_hours * 3600
        await asyncio.to_thread(self.queue.tidy, time.time() - kept_s)
        await self._pause(TIDY_S)

    async def _call_next(self, secret: bytes) -> None:
        from covidxray_api.jobs import calls

        database = self.queue.database
        call = await asyncio.to_thread(calls.next_call, database)
        if call is None:
            await self._pause(POLL_S)
            return
        body = calls.body(call.job)
        headers = calls.signed(secret, call.job, body, round(time.time()))
        if await calls.deliver(call.address, body, headers):
            await asyncio.to_thread(calls.note, database, call.job, "delivered")
        elif call.is_last:
            log.error("caller of a job could not be told", job=call.job)
            await asyncio.to_thread(calls.note, database, call.job, "failed")
