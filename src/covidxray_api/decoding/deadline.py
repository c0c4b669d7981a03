"""The moment by which an image is awaited: a decoder that can be ended is ended then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def awaited_until(moment: float) -> Iterator[None]:
    """Bound the decoding inside, in this thread, by a moment of `time.monotonic`."""
    token = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float:
    """Return the time until the moment; infinite if there is none, 0 or less once it has passed."""
    return _until.get() - time.monotonic()
