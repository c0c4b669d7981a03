"""Waiting in tests: never without a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60
"""Seconds after which a test gives up; none waits so long unless it fails."""

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found], patience_s: float = PATIENCE_S) -> Found:
    """Return the first true value that `look` returns.

    Raises
    ------
    AssertionError
        If there is none within that time.
    """
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < deadline, "It never came true."
        time.sleep(0.02)
    return found
