"""Connections that a full process ends, so that another serves their clients."""

from __future__ import annotations

import time

INTERVAL_S = 0.05
"""Time between two refusals that end their connections."""


class LettingGo:
    """Tells which refusals end their connections.

    A client that keeps its connection keeps its process, and the next process that has a place
    gets it.
    """

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        """Return whether this refusal ends its connection; once, for a while."""
        now = time.monotonic()
        if now <= self._next:
            return False
        self._next = now + INTERVAL_S
        return True
