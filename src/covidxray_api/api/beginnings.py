"""Processes that have been started and have not responded yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from uvicorn.supervisors.multiprocess import Process

BEGIN_S = 60.0
"""Time that a process may take until it responds first: on a busy machine, to load Python and the
server takes longer than an answer of a process that runs."""


class Beginnings:
    """Tells which processes still begin, so that nobody takes them for hung.

    Parameters
    ----------
    clock : callable
        Tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[int, float] = {}
        self._responded: set[int] = set()

    def is_one(self, process: Process) -> bool:
        """Return whether a process lives, has never responded, and may take longer."""
        pid = process.pid
        if pid is None or pid in self._responded or not process.process.is_alive():
            return False
        if pid not in self._asked:
            self._asked[pid] = self._clock()
            process.parent_conn.send(b"ping")
        if process.parent_conn.poll(0):
            process.parent_conn.recv()
            self._responded.add(pid)
            return False
        return self._clock() < self._asked[pid] + BEGIN_S
