"""The watchdog: a process that hangs ends itself, so that it can be replaced."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

EXIT_CODE = 70
"""Exit code of a process that hung: EX_SOFTWARE of sysexits.h."""

log = structlog.get_logger()


def end_process() -> None:
    """End this process at once, whatever its threads do."""
    os._exit(EXIT_CODE)


class Watchdog:
    """Watches the event loop and the threads that work.

    Parameters
    ----------
    seconds : float
        Time after which what does not end counts as hung.
    end : callable
        Ends the process. Nothing less than the kernel can end a thread that hangs.
    """

    def __init__(self, seconds: float, end: Callable[[], object] = end_process) -> None:
        self._seconds = seconds
        self._end = end
        self._begun: dict[int, float] = {}
        self._responded = time.monotonic()
        self._stopped = threading.Event()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Watch the current thread until its work has ended."""
        thread = threading.get_ident()
        self._begun[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._begun[thread]

    @contextmanager
    def watching(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Watch an event loop, and the threads that work for it."""
        self._respond()
        thread = threading.Thread(target=self._watch, args=(loop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _respond(self) -> None:
        self._responded = time.monotonic()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.wait(self._seconds / 4):
            oldest = min((self._responded, *self._begun.copy().values()))
            if time.monotonic() - oldest > self._seconds:
                log.error("hung", seconds=self._seconds)
                self._end()
                return
            loop.call_soon_threadsafe(self._respond)
