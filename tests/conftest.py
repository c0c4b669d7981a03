from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.api.app import create_app
from covidxray_api.api.server import options
from covidxray_api.consistency import Reference
from covidxray_api.decoding import Limits
from covidxray_api.inference import Engine, LoadedModel, ModelRegistry
from covidxray_api.models.store import ModelStore
from covidxray_api.rendering.registry import RENDERERS, Renderers
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
DATA = ROOT.parent / "shared" / "data"
Serve = Callable[..., AbstractContextManager[httpx.Client]]
Build = Callable[[Settings], Screener]
ServeWith = Callable[[Settings, Engine], AbstractContextManager[httpx.Client]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not DATA.is_dir():
        skip = pytest.mark.skip(reason="needs the development data")
        for item in items:
            if item.get_closest_marker("data"):
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith("COVIDXRAY_")]:
        del os.environ[name]
    os.environ["COVIDXRAY_RECORDS"] = str(tmp_path_factory.mktemp("records") / "records.sqlite")


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Networks that take few steps without a graph, whose tracing would take longer."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@contextmanager
def serving(
    settings: Settings,
    build: Callable[[Settings], Screener] = Screener.from_settings,
    renderers: Renderers = RENDERERS,
) -> Iterator[httpx.Client]:
    """Run the real application on a free port of this machine, alone."""
    alone = settings.model_copy(update={"workers": 1, "port": 0})
    server = uvicorn.Server(uvicorn.Config(create_app(alone, build, renderers), **options(alone)))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive())
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
        try:
            yield client
        finally:
            server.should_exit = True
            thread.join()


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
def serve_rendered() -> Callable[[Renderers], AbstractContextManager[httpx.Client]]:
    """Start the application with other renderers, and wait until its start has ended."""

    @contextmanager
    def started(renderers: Renderers) -> Iterator[httpx.Client]:
        with serving(Settings(), renderers=renderers) as client:
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
def mapped() -> bytes:
    """A composite on which the default model's map passes its test."""
    return (EXAMPLES / "viral_pneumonia.png").read_bytes()


@pytest.fixture(scope="session")
def unmapped() -> bytes:
    """A composite on which the map of `multi-source-fast` fails its test."""
    return (EXAMPLES / "viral_pneumonia.png").read_bytes()


@pytest.fixture(scope="session")
def no_film() -> bytes:
    """An image that must be refused."""
    return (EXAMPLES / "not_a_radiograph.png").read_bytes()


@pytest.fixture(scope="session")
def doubtful() -> bytes:
    """An image between two classes, about which the default model is not sure."""
    sides = [Image.open(EXAMPLES / f"{name}.png").convert("L") for name in ("normal", "covid_19")]
    stream = io.BytesIO()
    Image.blend(sides[0], sides[1], 0.55).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def blank() -> Callable[[int, int], bytes]:
    """Make a black PNG of a width and height."""

    def png(width: int, height: int) -> bytes:
        stream = io.BytesIO()
        Image.new("L", (width, height)).save(stream, "PNG")
        return stream.getvalue()

    return png


class WaitingEngine:
    """An engine that computes when the test lets it, and remembers the thread it ran in."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.threads: list[str] = []

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        self.threads.append(threading.current_thread().name)
        self.begun.release()
        assert self.go.wait(PATIENCE_S)
        return np.full((len(tensor), 3), 1 / 3, dtype=np.float32)

    def warm_up(self, client: httpx.Client) -> None:
        """Let the service start, and stop at the next film."""
        self.go.set()
        _wait_until_ready(client)
        assert self.begun.acquire(timeout=PATIENCE_S)
        self.go.clear()


def _with_engine(engine: Engine) -> Build:
    """Build the shipped pipeline around another engine."""

    def build(settings: Settings) -> Screener:
        store = ModelStore(settings.model_store)
        return Screener(
            ModelRegistry(
                store, settings.default_model, lambda stored: LoadedModel(stored, engine)
            ),
            {"ssim": Reference.load(settings.reference)},
            "ssim",
            Limits(max_pixels=settings.max_pixels, min_side=settings.min_side),
        )

    return build


def _wait_until_ready(client: httpx.Client) -> None:
    wait_until(lambda: client.get("/health/ready").status_code == 200)


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


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Address of a Ray cluster on this machine, one for all tests: it takes long to start."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cluster"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address
        yield address
        process.communicate(timeout=60)
