"""Work of a request: a job in a pool of threads, awaited until its deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from covidxray_api.errors import CovidXrayError, DeadlineExceeded
from covidxray_api.serving.watchdog import Watchdog

Result = TypeVar("Result")


class ClientGone(Exception):
    """Nobody awaits the answer any more."""


class Deadline:
    """The moment by which a request is answered.

    Parameters
    ----------
    seconds : float
        Time that is left.
    """

    def __init__(self, seconds: float) -> None:
        self.moment = time.monotonic() + seconds
        """The same moment on the clock of threads, `time.monotonic`."""
        self._seconds = seconds
        self._at = asyncio.get_running_loop().time() + seconds

    @asynccontextmanager
    async def bounding(self, error: type[CovidXrayError]) -> AsyncIterator[None]:
        """Interrupt what is awaited at the deadline, and raise `error` in its place."""
        timeout = asyncio.timeout_at(self._at)
        try:
            async with timeout:
                yield
        except TimeoutError as interrupted:
            if not timeout.expired():
                raise
            raise error(seconds=self._seconds) from interrupted


class Jobs:
    """A pool of threads, first come, first served, under the eyes of the watchdog.

    Parameters
    ----------
    threads : int
        Most jobs that run at once.
    name : str
        Prefix of the threads' names.
    watchdog : Watchdog
        Ends the process if a job does not end.
    waited : callable, optional
        Is told for how many seconds each job waited.
    """

    def __init__(
        self,
        threads: int,
        name: str,
        watchdog: Watchdog,
        waited: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._watchdog = watchdog
        self._waited = waited

    def submit(self, work: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Queue a job."""
        return self._pool.submit(self._watched, time.perf_counter(), work, *arguments)

    def shutdown(self) -> None:
        """Let the jobs that run end, and drop the others."""
        self._pool.shutdown(cancel_futures=True)

    def _watched(self, submitted: float, work: Callable[..., Result], *arguments: object) -> Result:
        self._waited(time.perf_counter() - submitted)
        with self._watchdog.working():
            return work(*arguments)


async def outcome(
    job: Future[Result], deadline: Deadline, gone: asyncio.Future[None] | None = None
) -> Result:
    """Return what a job returns, unless the client goes or the deadline passes before.

    A job that has not begun by then never does; one that has begun ends, though nobody awaits it.

    Parameters
    ----------
    job : Future
        The job.
    deadline : Deadline
        Of the request.
    gone : asyncio.Future, optional
        Done when the client has gone.

    Raises
    ------
    DeadlineExceeded
        If the job has not ended by the deadline.
    ClientGone
        If the client has gone.
    """
    answer = asyncio.wrap_future(job)
    awaited: list[asyncio.Future[Any]] = [answer, gone] if gone else [answer]
    try:
        async with deadline.bounding(DeadlineExceeded):
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        job.cancel()
        answer.cancel()
    if answer.cancelled():
        raise ClientGone
    return answer.result()
