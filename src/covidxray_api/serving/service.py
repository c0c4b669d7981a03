"""The screener behind the door: it starts, says whether it is ready, and works in a pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Literal

import structlog
from fastapi import Request

from covidxray_api.api.admission import Places, Turn
from covidxray_api.errors import NotReady
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.watchdog import Watchdog
from covidxray_api.settings import Settings

Status = Literal["starting", "ready", "failed"]

log = structlog.get_logger()


class ScreeningService:
    """A screener that starts while the door is already open, and never works on the event loop.

    Parameters
    ----------
    settings : Settings
        Say what is loaded and how many threads work.
    build : callable
        Makes the screener of the settings.
    """

    def __init__(self, settings: Settings, build: Callable[[Settings], Screener]) -> None:
        self._settings = settings
        self._build = build
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="screening")
        self._watchdog = Watchdog(settings.hang_s)
        self.places = Places(settings.max_in_flight)
        """The images in flight."""
        self._screener: Screener | None = None
        self.status: Status = "starting"
        self.model: StoredModel | None = None
        """The default model, once it is loaded, verified and warm."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start in the background; at the end, let work that has begun finish.

        Where processes share the port, the door stays closed until the start is over: others serve.
        """
        start = asyncio.create_task(asyncio.to_thread(self._start))
        if self._settings.workers > 1:
            await start
        with self._watchdog.watching(asyncio.get_running_loop()):
            try:
                yield
            finally:
                await start
                self._pool.shutdown(cancel_futures=True)

    def _start(self) -> None:
        try:
            screener = self._build(self._settings)
            self.model = screener.models.get().stored
        except Exception:
            # The process stays alive, so that its health can be asked and its log be read.
            self.status = "failed"
            log.exception("start failed", model=self._settings.default_model)
        else:
            self._screener = screener
            self.status = "ready"
            log.info("ready", model=self.model.manifest.name, version=self.model.manifest.version)

    @property
    def screener(self) -> Screener:
        """The screener, for work that is handed to `run`.

        Raises
        ------
        NotReady
            If its default model has not been loaded, or could not be.
        """
        if self._screener is None:
            raise NotReady(self.status)
        return self._screener

    def turn(self, request: Request) -> Turn:
        """Let an admitted request do its work."""
        return Turn(request, self._pool, self._settings.deadline_s, self._watchdog)
