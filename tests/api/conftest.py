"""A service around an engine that waits for the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from covidxray_api.consistency import Reference
from covidxray_api.decoding import Limits
from covidxray_api.inference import Engine, Models
from covidxray_api.model_store import ModelStore
from covidxray_api.screening import Screener
from covidxray_api.settings import Settings

Build = Callable[[Settings], Screener]
Serve = Callable[[Settings, Build], AbstractContextManager[httpx.Client]]
ServeWith = Callable[[Settings, Engine], AbstractContextManager[httpx.Client]]


class WaitingEngine:
    """An engine that computes when the test lets it, and remembers the thread it ran in."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.threads: list[str] = []

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        self.threads.append(threading.current_thread().name)
        self.begun.release()
        assert self.go.wait(60)
        return np.full((len(tensor), 3), 1 / 3, dtype=np.float32)

    def warm_up(self, client: httpx.Client) -> None:
        """Let the service start, and stop at the next film."""
        self.go.set()
        _wait_until_ready(client)
        self.begun.acquire()
        self.go.clear()


def _with_engine(engine: Engine) -> Build:
    """Build the shipped pipeline around another engine."""

    def build(settings: Settings) -> Screener:
        store = ModelStore(settings.model_store)
        return Screener(
            Models(store, settings.default_model, lambda *_: engine),
            {"ssim": Reference.load(settings.reference)},
            "ssim",
            Limits(max_pixels=settings.max_pixels, min_side=settings.min_side),
        )

    return build


def _wait_until_ready(client: httpx.Client) -> None:
    while client.get("/health/ready").status_code != 200:
        time.sleep(0.02)


@pytest.fixture
def engine() -> WaitingEngine:
    return WaitingEngine()


@pytest.fixture
def in_background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def serve_with(serve_at_once: Serve) -> ServeWith:
    """Start the shipped pipeline around another engine, and do not wait until it is ready."""
    return lambda settings, engine: serve_at_once(settings, _with_engine(engine))


@pytest.fixture
def wait_until_ready() -> Callable[[httpx.Client], None]:
    """Wait until a service is ready."""
    return _wait_until_ready
