from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from PIL import Image

from covidxray_api.api.app import create_app
from covidxray_api.screening import Screener
from covidxray_api.settings import Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
PATIENCE = 120
"""Seconds after which a test gives up on the service; none waits so long unless it fails."""

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith("COVIDXRAY_")]:
        del os.environ[name]
    os.environ["COVIDXRAY_RECORDS"] = str(tmp_path_factory.mktemp("records") / "records.sqlite")


@contextmanager
def serving(
    settings: Settings, build: Callable[[Settings], Screener] = Screener.from_settings
) -> Iterator[httpx.Client]:
    """Run the real application on a free port of this machine, alone."""
    app = create_app(settings.model_copy(update={"workers": 1}), build)
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive())
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        try:
            yield client
        finally:
            server.should_exit = True
            thread.join()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "It never came true."
        time.sleep(0.02)


def wait_until_started(client: httpx.Client) -> None:
    wait_until(lambda: client.get("/health").json()["status"] != "starting")


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Start the application with other settings, and wait until its start has ended."""

    @contextmanager
    def started(settings: Settings) -> Iterator[httpx.Client]:
        with serving(settings) as client:
            wait_until_started(client)
            yield client

    return started


@pytest.fixture(scope="session")
def serve_at_once() -> Serve:
    """Start the application, and do not wait for its models."""
    return serving


@pytest.fixture(scope="session")
def service(serve: Serve) -> Iterator[httpx.Client]:
    """The service as shipped, ready."""
    with serve(Settings()) as client:
        assert client.get("/health/ready").status_code == 200
        yield client


@pytest.fixture(scope="session")
def examples() -> Path:
    """The composite radiographs that people try first."""
    return EXAMPLES


@pytest.fixture(scope="session")
def film() -> bytes:
    """A composite of healthy films."""
    return (EXAMPLES / "normal.png").read_bytes()


@pytest.fixture(scope="session")
def blurred() -> bytes:
    """A composite on which the map fails its test."""
    return (EXAMPLES / "viral_pneumonia.png").read_bytes()


@pytest.fixture(scope="session")
def no_film() -> bytes:
    """An image that must be refused."""
    return (EXAMPLES / "not_a_radiograph.png").read_bytes()


@pytest.fixture(scope="session")
def blank() -> Callable[[int, int], bytes]:
    """Make a black PNG of a width and height."""

    def png(width: int, height: int) -> bytes:
        stream = io.BytesIO()
        Image.new("L", (width, height)).save(stream, "PNG")
        return stream.getvalue()

    return png
