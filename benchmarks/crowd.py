"""Clients that go on asking while something is done to a service."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx

from benchmarks.images import MAIN, images


class Crowd:
    """Clients that ask one image after the other, and once more if they get no answer."""

    def __init__(self, port: int, clients: int) -> None:
        self.said: Counter[str] = Counter()
        """Images that were answered `at_once`, `by_retry`, or are `lost`."""

        self._answered: list[float] = []
        self._ended = 0.0
        self._url = f"http://127.0.0.1:{port}/predict"
        self._film = images(MAIN)[0]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask until the block ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended = time.monotonic()
            self._stopped.set()
            for thread in self._threads:
                thread.join()

    def longest_pause(self) -> float:
        """Return the longest time in which nobody was answered, to the end, in seconds."""
        moments = sorted([*self._answered, self._ended])
        return max(after - before for before, after in pairwise(moments))

    def _ask(self) -> None:
        with httpx.Client(timeout=120) as client:
            while not self._stopped.is_set():
                for outcome in ("at_once", "by_retry"):
                    try:
                        answer = client.post(self._url, content=self._film)
                    except httpx.HTTPError:
                        continue
                    if answer.status_code == httpx.codes.OK:
                        self.said[outcome] += 1
                        self._answered.append(time.monotonic())
                        break
                else:
                    self.said["lost"] += 1


def disturbed(port: int, disturb: Callable[[], object], seconds: float) -> dict[str, Any]:
    """Return what a crowd sees while something is done to the service on a port."""
    crowd = Crowd(port, clients=4)
    with crowd.asking():
        time.sleep(seconds / 3)
        disturb()
        time.sleep(2 * seconds / 3)
    said = {name: crowd.said[name] for name in ("at_once", "by_retry", "lost")}
    return {**said, "longest_pause_s": crowd.longest_pause()}
