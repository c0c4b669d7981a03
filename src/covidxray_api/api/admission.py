"""Admission: a request is let in or refused at once, by what is in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from covidxray_api.api import problems
from covidxray_api.api.upload import read_upload
from covidxray_api.errors import DeadlineExceeded, Overloaded, UploadTooSlow
from covidxray_api.serving.watchdog import Watchdog

Result = TypeVar("Result")


class Places:
    """Counts the images in flight; each holds a place until its work has ended.

    Parameters
    ----------
    limit : int
        Number of places.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    @contextmanager
    def taken_by(self, outliving: set[Future[object]]) -> Iterator[None]:
        """Hold a place, also for as long as work runs that outlives the request."""
        self.taken += 1
        try:
            yield
        finally:
            running = [job for job in outliving if not job.done()]
            if running:
                loop = asyncio.get_running_loop()
                running[0].add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
            else:
                self._leave()

    def _leave(self) -> None:
        self.taken -= 1


class Admission:
    """ASGI middleware that refuses images while all places are taken, before it reads them.

    After ``max_queued_requests`` of Ray Serve: who is refused learns it now, who is admitted is
    served in the order of arrival.

    Parameters
    ----------
    app : ASGIApp
        What answers the requests.
    paths : collection of str
        Paths that images are posted to.
    places : Places
        Counts those in flight.
    """

    def __init__(self, app: ASGIApp, paths: frozenset[str], places: Places) -> None:
        self._app = app
        self._paths = paths
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        places = self._places
        if places.taken >= places.limit:
            error = Overloaded(in_flight=places.taken)
            await problems.respond_to(HTTPConnection(scope), error)(scope, receive, send)
            return
        jobs: set[Future[object]] = set()
        scope["state"]["jobs"] = jobs
        with places.taken_by(jobs):
            await self._app(scope, receive, send)


class Turn:
    """What an admitted request may do before its deadline.

    Parameters
    ----------
    request : Request
        The request.
    pool : Executor
        Does the work, first come, first served.
    seconds : float
        Time until the deadline.
    watchdog : Watchdog
        Is told of work that runs.
    """

    def __init__(
        self, request: Request, pool: Executor, seconds: float, watchdog: Watchdog
    ) -> None:
        self._request = request
        self._pool = pool
        self._seconds = seconds
        self._watchdog = watchdog
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def upload(self, limit: int) -> bytes:
        """Read the file that the request carries; see `read_upload`.

        Raises
        ------
        UploadTooSlow
            If it has not arrived by the deadline.
        """
        try:
            async with asyncio.timeout_at(self._deadline):
                return await read_upload(self._request, limit)
        except TimeoutError as error:
            raise UploadTooSlow(seconds=self._seconds) from error

    async def work(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do work in the pool, unless the client goes or the deadline passes before it begins.

        Work that has begun ends, though nobody waits for it; until then its place stays taken.

        Raises
        ------
        DeadlineExceeded
            If it has not ended by the deadline.
        ClientDisconnect
            If the client has gone.
        """
        job = self._pool.submit(self._watched, work, *arguments)
        self._request.state.jobs.add(job)
        answer = asyncio.wrap_future(job)
        gone: asyncio.Future[None] = asyncio.ensure_future(self._client_gone())
        try:
            async with asyncio.timeout_at(self._deadline):
                await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise DeadlineExceeded(seconds=self._seconds) from error
        finally:
            gone.cancel()
            job.cancel()
            answer.cancel()
        if answer.cancelled():
            raise ClientDisconnect
        return answer.result()

    def _watched(self, work: Callable[..., Result], *arguments: object) -> Result:
        with self._watchdog.working():
            return work(*arguments)

    async def _client_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
