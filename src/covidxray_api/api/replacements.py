"""How soon a process that has ended is replaced."""

from __future__ import annotations

import time
from collections.abc import Callable

YOUNG_S = 10.0
"""Age of a process below which its end is one more in a row."""

LONGEST_S = 30.0
"""Longest pause before the next is started."""


class Replacements:
    """Tells when the process of a place may be replaced.

    One that ends is replaced at once. Where its successor ends young as well, as when memory does
    not suffice to load the models, the next ones are started after 1, 2, 4 … seconds, so that they
    leave the cores to those that serve.

    Parameters
    ----------
    clock : callable
        Tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[int, float] = {}
        self._in_a_row: dict[int, int] = {}
        self._due: dict[int, float] = {}

    def started(self, place: int) -> None:
        """Note that the process of a place has been started."""
        self._started[place] = self._clock()
        self._due.pop(place, None)

    def ended(self, place: int) -> float:
        """Note that it has ended, and return the seconds until the next may be started."""
        now = self._clock()
        young = now < self._started[place] + YOUNG_S
        row = self._in_a_row[place] = self._in_a_row.get(place, 0) + 1 if young else 0
        pause = min(2.0 ** (row - 2), LONGEST_S) if row > 1 else 0.0
        self._due[place] = now + pause
        return pause

    def is_missing(self, place: int) -> bool:
        """Return whether it has ended, and none has been started since."""
        return place in self._due

    def is_due(self, place: int) -> bool:
        """Return whether the next may be started where one is missing."""
        return self._clock() >= self._due[place]
