"""The screener as a service: it starts, says whether it is ready, and works for requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, asynccontextmanager, contextmanager
from time import perf_counter
from typing import Literal, TypeVar

import structlog

from covidxray_api.decoding.deadline import awaited_until
from covidxray_api.errors import CovidXrayError, DeadlineExceeded, NotReady, Overloaded
from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.capacity import CapacityLimiter, Slot
from covidxray_api.serving.jobs import Deadline, Jobs, outcome
from covidxray_api.serving.listener import SharingLoop
from covidxray_api.serving.logs import log_failure
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Answered, Observer
from covidxray_api.serving.watchdog import Watchdog

Status = Literal["starting", "ready", "failed"]
Result = TypeVar("Result")

log = structlog.get_logger()


class ScreeningService:
    """A screener that starts in the background and never works on the event loop.

    Whatever speaks a protocol admits a request, reads it, and runs its work::

        with service.admit() as request:
            screening = await request.run(lambda screener: screener.screen(data))

    Parameters
    ----------
    build : callable
        Makes the screener.
    capacity : CapacityLimiter
        Bounds the requests in flight.
    jobs : Jobs
        Do the work of requests.
    loading : Jobs
        Load the models that requests ask for, so that those of other requests need not wait.
    watchdog : Watchdog
        Ends the process if the event loop or a job hangs.
    deadline_s : float
        Time that a request may take, in seconds.
    start_first : bool
        Whether no request is accepted until the start is over, and a failure of it is raised, as
        where another process may serve instead. Otherwise the process lives on, and says so.
    metrics : Metrics
        Count what happens.
    observers : sequence of Observer
        Are told of each answer, in this order.
    """

    def __init__(
        self,
        build: Callable[[], Screener],
        capacity: CapacityLimiter,
        jobs: Jobs,
        loading: Jobs,
        watchdog: Watchdog,
        deadline_s: float,
        start_first: bool,
        metrics: Metrics,
        observers: Sequence[Observer],
    ) -> None:
        self._build = build
        self._capacity = capacity
        self._jobs = jobs
        self._loading = loading
        self._watchdog = watchdog
        self._deadline_s = deadline_s
        self._start_first = start_first
        self._observers = observers
        self.metrics = metrics
        """Count what happens."""
        self._built: asyncio.Task[Screener]
        self._screener: Screener | None = None
        self.failure: Exception | None = None
        """What kept the service from starting."""
        self.status: Status = "starting"
        self.model: StoredModel | None = None
        """The default model, once it is loaded, verified and warm."""

    @asynccontextmanager
    async def running(
        self, prepared: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[None]:
        """Start; at the end, let work that has begun finish.

        Parameters
        ----------
        prepared : callable, optional
            Waits for what else the service needs, and raises if it cannot be had.

        Raises
        ------
        Exception
            Whatever kept the service from starting, if it starts first.
        """
        loop = asyncio.get_running_loop()
        if isinstance(loop, SharingLoop):
            loop.is_full = lambda: self.is_full
        self._built = asyncio.create_task(asyncio.to_thread(self._build))
        start = asyncio.create_task(self._start(prepared))
        if self._start_first:
            await start
            if self.failure:
                raise self.failure
        with self._watchdog.watching(loop):
            try:
                yield
            finally:
                await start
                self._loading.shutdown()
                self._jobs.shutdown()

    async def _start(self, prepared: Callable[[], Awaitable[None]] | None) -> None:
        try:
            screener = await self._built
            model = await asyncio.to_thread(screener.models.get)
            if prepared:
                await prepared()
        except Exception as error:
            self.status = "failed"
            self.failure = error
            if isinstance(error, CovidXrayError):
                log.error("start failed", problem=error.code, detail=str(error))
            else:
                log_failure(log, "start failed", error)
        else:
            self.answer_with(screener)
            self.status = "ready"
            log.info("ready", model=model.manifest.name, version=model.manifest.version)

    def rebuilt(self) -> Screener:
        """Return a screener of what there is now, with all models loaded that the present one has.

        It takes a while, and is no work for the event loop.

        Raises
        ------
        NotReady
            If there is no present one.
        CovidXrayError
            If it cannot be built, or one of the models is gone or cannot be loaded.
        """
        present = self.check_ready().models
        screener = self._build()
        screener.models.get()
        for name in (stored.manifest.name for stored in present.stored()):
            if present.is_loaded(name):
                screener.models.get(name)
        return screener

    def answer_with(self, screener: Screener) -> None:
        """Let a screener, whose default model is loaded, answer the requests from now on."""
        model = screener.models.get()
        self.metrics.ready(model.stored, model.engine_name, screener.gate_version)
        self.model = model.stored
        self._screener = screener

    @property
    def in_flight(self) -> int:
        """How many requests this process works on or keeps waiting."""
        return self._capacity.in_flight

    def check_ready(self) -> Screener:
        """Return the screener, whose default model is loaded.

        Raises
        ------
        NotReady
            If the default model has not been loaded, or could not be.
        """
        if self._screener is None:
            raise NotReady(self.status)
        return self._screener

    async def models(self) -> ModelRegistry:
        """Return the registry, as soon as there is one; its models need not be loaded.

        Raises
        ------
        NotReady
            If the screener could not be built.
        """
        if self._screener:
            return self._screener.models
        await asyncio.wait({self._built})
        if self._built.exception():
            raise NotReady("failed")
        return self._built.result().models

    @property
    def is_full(self) -> bool:
        """Whether `admit` would refuse a request now."""
        return self._capacity.is_full

    @contextmanager
    def admit(self) -> Iterator[AdmittedRequest]:
        """Admit a request, or refuse it at once; to be called before its image is read.

        Raises
        ------
        Overloaded
            If as many requests are in flight as this process admits.
        NotReady
            See `check_ready`.
        """
        with ExitStack() as stack:
            try:
                slot = stack.enter_context(self._capacity.acquire())
                screener = self.check_ready()
            except (Overloaded, NotReady) as refusal:
                self.metrics.refused(refusal.code)
                raise
            deadline = Deadline(self._deadline_s)
            yield AdmittedRequest(self, screener, self._jobs, self._loading, slot, deadline)

    def tell(self, answered: Answered) -> None:
        """Tell all who want to know of an answer, before it is given.

        Raises
        ------
        CovidXrayError
            If the answer must not be given.
        """
        for observer in self._observers:
            observer.answered(answered)


class AdmittedRequest:
    """What an admitted request may do before its deadline.

    Parameters
    ----------
    service : ScreeningService
        Has admitted it.
    screener : Screener
        Does the work.
    jobs, loading : Jobs
        See `ScreeningService`.
    slot : Slot
        The share of the capacity that the request holds.
    deadline : Deadline
        The moment by which it is answered.
    """

    def __init__(
        self,
        service: ScreeningService,
        screener: Screener,
        jobs: Jobs,
        loading: Jobs,
        slot: Slot,
        deadline: Deadline,
    ) -> None:
        self.deadline = deadline
        """The moment by which the request is answered."""
        self.tell = service.tell
        """See `ScreeningService.tell`."""
        self._metrics = service.metrics
        self._admitted = perf_counter()
        self._screener = screener
        self._jobs = jobs
        self._loading = loading
        self._slot = slot

    async def run(
        self,
        work: Callable[[Screener], Result],
        model: str | None = None,
        gone: Awaitable[None] | None = None,
    ) -> Result:
        """Do all the work of the request, as one job.

        Parameters
        ----------
        work : callable
            Takes the screener; runs in a thread of the pool.
        model : str, optional
            Name of the model that the work asks; loaded before the job is queued.
        gone : awaitable, optional
            Ends when the client has gone.

        Raises
        ------
        DeadlineExceeded, ClientGone
            See `outcome`.
        UnknownModel, CorruptArtefact
            If the model cannot be loaded.
        """

        def bounded() -> Result:
            with awaited_until(self.deadline.moment):
                return work(self._screener)

        watching = asyncio.ensure_future(gone) if gone else None
        models = self._screener.models
        try:
            if not models.is_loaded(model):
                await self._finished(self._loading.submit(models.get, model), watching)
            result = await self._finished(self._jobs.submit(bounded), watching)
        except DeadlineExceeded as late:
            self._metrics.refused(late.code)
            raise
        else:
            self._metrics.took("total", perf_counter() - self._admitted)
            return result
        finally:
            if watching:
                watching.cancel()

    async def _finished(self, job: Future[Result], gone: asyncio.Future[None] | None) -> Result:
        self._slot.job = job
        return await outcome(job, self.deadline, gone)
