"""Work for processes: each item says what becomes of the process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def obeying() -> Callable[[str], str]:
    """Make work that ends or hangs its process where an item says so."""

    def work(item: str) -> str:
        if item == "end":
            os._exit(9)
        if item == "hang":
            time.sleep(600)
        return item.upper()

    return work


def broken() -> Callable[[str], str]:
    """Fail to make work."""
    os._exit(9)
