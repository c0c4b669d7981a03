"""The capacity limiter: a request is admitted or refused at once, by what is in flight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from covidxray_api.errors import Overloaded


class Slot:
    """One request's share of the capacity."""

    def __init__(self) -> None:
        self.job: Future[Any] | None = None
        """Latest work of the request; the slot is held until it has ended."""


class CapacityLimiter:
    """Bounds the requests in flight in this process.

    As ``max_queued_requests`` of Ray Serve does: who is refused learns it now, who is admitted is
    served in the order of arrival. Each process counts its own; a service of several processes
    admits as many times more.

    Parameters
    ----------
    limit : int
        Most requests in flight.
    changed : callable, optional
        Is told how many are in flight whenever that changes.
    """

    def __init__(self, limit: int, changed: Callable[[int], object] = lambda _: None) -> None:
        self.limit = limit
        self._changed = changed
        self.in_flight = 0
        """Requests that are being served, or have left work behind that still runs."""
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether all slots are held."""
        return self.in_flight >= self.limit

    @contextmanager
    def acquire(self) -> Iterator[Slot]:
        """Hold a slot for as long as a request is served, and for as long as its work runs.

        Raises
        ------
        Overloaded
            If all slots are held.
        """
        with self._lock:
            if self.is_full:
                raise Overloaded(in_flight=self.in_flight)
            self.in_flight += 1
            self._changed(self.in_flight)
        slot = Slot()
        try:
            yield slot
        finally:
            if slot.job is None:
                self._release(None)
            else:
                slot.job.add_done_callback(self._release)

    def _release(self, _: Future[Any] | None) -> None:
        with self._lock:
            self.in_flight -= 1
            self._changed(self.in_flight)
