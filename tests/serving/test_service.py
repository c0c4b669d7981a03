"""How the service starts, works and stops: with an engine that waits for the test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.waiting import wait_until

from covidxray_api.inference import LoadedModel, ModelRegistry
from covidxray_api.inference.loading import load_model
from covidxray_api.models.artefacts import write_manifest
from covidxray_api.models.manifest import COMPILED, WEIGHTS
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

ServeAtOnce = Callable[
    [Settings, Callable[[Settings], Screener]], AbstractContextManager[httpx.Client]
]
ServeSettings = Callable[[Settings], AbstractContextManager[httpx.Client]]

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine


class FailingEngine:
    """An engine that computes once, for the warm-up, and then fails."""

    def __init__(self) -> None:
        self._warm = False

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._warm:
            raise RuntimeError("Jane Doe's film broke it.")
        self._warm = True
        return np.full((len(tensor), 3), 1 / 3, dtype=np.float32)


def test_it_lives_before_it_is_ready(
    serve_with: ServeWith,
    engine: WaitingEngine,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
) -> None:
    with serve_with(Settings(), engine) as client:
        engine.begun.acquire()
        assert client.get("/health/live").json() == {"status": "ok"}
        health = client.get("/health")
        assert health.status_code == 200
        assert health.json() | {"version": ""} == {
            "status": "starting",
            "ready": False,
            "version": "",
            "model": None,
            "records": "off",
            "change": None,
        }
        for answer in (
            client.get("/health/ready"),
            client.post("/predict", content=film),
            client.post("/validate", content=film),
        ):
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/not-ready"
            assert int(answer.headers["retry-after"]) > 0

        engine.go.set()
        wait_until_ready(client)

        assert client.post("/predict", content=film).status_code == 200
        assert client.get("/health").json()["model"]["name"] == "multi-source"


def test_it_answers_others_while_a_film_is_being_read(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(), engine) as client:
        engine.warm_up(client)

        slow = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        assert client.get("/health/ready").status_code == 200
        assert client.get("/models").status_code == 200
        assert not slow.done()

        engine.go.set()
        assert slow.result().status_code == 200


def test_as_many_films_are_read_at_once_as_there_are_threads(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(threads=2), engine) as client:
        engine.warm_up(client)

        answers = [in_background.submit(client.post, "/predict", content=film) for _ in range(3)]
        engine.begun.acquire()
        engine.begun.acquire()
        assert len(engine.threads) == 3  # the warm-up, and two of the films

        engine.go.set()
        assert [answer.result().status_code for answer in answers] == [200] * 3
    assert set(engine.threads[1:]) == {"screening_0", "screening_1"}


def test_it_finishes_what_it_has_begun_when_it_is_stopped(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    serving = serve_with(Settings(), engine)
    client = serving.__enter__()
    engine.warm_up(client)
    answer = in_background.submit(client.post, "/predict", content=film)
    engine.begun.acquire()

    stopped = in_background.submit(serving.__exit__, None, None, None)
    engine.go.set()

    assert answer.result().status_code == 200
    stopped.result()


def test_what_nobody_foresaw_is_a_problem_without_particulars(
    serve_with: ServeWith, wait_until_ready: Callable[[httpx.Client], None], film: bytes
) -> None:
    with serve_with(Settings(), FailingEngine()) as client:
        wait_until_ready(client)
        with capture_logs([merge_contextvars]) as lines:
            answer = client.post("/predict", content=film, headers={"X-Request-ID": "ward-3"})
            line = wait_until(lambda: own(lines, "request"))

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "ward-3"
    assert answer.json()["type"] == "/problems/internal-error"
    assert answer.json()["request_id"] == "ward-3"
    assert "Jane" not in answer.text
    assert "Traceback" not in answer.text
    assert line[0]["status"] == 500
    assert own(lines, "unforeseen error")[0]["exception"]


@pytest.mark.parametrize("fault", [MemoryError(), TypeError("a decoder's own")])
def test_a_fault_of_our_own_is_no_fault_of_the_image(
    serve_at_once: ServeAtOnce,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
    fault: Exception,
) -> None:
    class Faulty(Screener):
        def decode(self, data: bytes, kept_side: int | None = None) -> Radiograph:
            raise fault

    with serve_at_once(Settings(), Faulty.from_settings) as client:
        wait_until_ready(client)
        for path in ("/predict", "/validate", "/explain", "/preview", "/report"):
            with capture_logs([merge_contextvars]) as lines:
                answer = client.post(path, content=film, headers={"X-Request-ID": "ward-3"})
                wait_until(partial(own, lines, "request"))

            assert answer.status_code == 500
            assert answer.json()["type"] == "/problems/internal-error"
            logged = own(lines, "unforeseen error")[0]["exception"]
            assert f"{type(fault).__name__}" in logged


def test_a_cold_model_is_loaded_while_others_are_answered(
    serve_at_once: ServeAtOnce,
    engine: WaitingEngine,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
    in_background: ThreadPoolExecutor,
) -> None:
    def build(settings: Settings) -> Screener:
        def load(stored: StoredModel) -> LoadedModel:
            cold = stored.manifest.name == "seed-cnn"
            return LoadedModel(stored, engine) if cold else load_model(stored)

        screener = Screener.from_settings(settings)
        store = ModelStore(settings.model_store)
        screener.models = ModelRegistry(store, settings.default_model, load)
        return screener

    cold = {"model": "seed-cnn"}
    with serve_at_once(Settings(threads=1), build) as client:
        wait_until_ready(client)
        late = in_background.submit(client.post, "/predict", content=film, params=cold)
        engine.begun.acquire()

        for _ in range(3):
            assert client.post("/predict", content=film).status_code == 200
        assert not late.done()

        engine.go.set()
        assert late.result().json()["model"]["name"] == "seed-cnn"
    assert engine.threads == ["loading_0", "screening_0"]


def test_a_cold_model_is_loaded_within_the_deadline_of_its_request(
    serve_at_once: ServeAtOnce,
    engine: WaitingEngine,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
) -> None:
    def build(settings: Settings) -> Screener:
        screener = Screener.from_settings(settings)
        store = ModelStore(settings.model_store)
        screener.models = ModelRegistry(
            store, settings.default_model, lambda it: LoadedModel(it, engine)
        )
        return screener

    with serve_at_once(Settings(max_in_flight=1, deadline_s=0.5), build) as client:
        engine.warm_up(client)
        late = client.post("/predict", content=film, params={"model": "seed-cnn"})
        assert late.status_code == 504
        assert client.post("/predict", content=film).status_code == 503
        engine.go.set()
        wait_until_ready(client)


def own(lines: list[EventDict], event: str) -> list[EventDict]:
    return [line for line in lines if line["event"] == event and line["request_id"] == "ward-3"]


class TestFailedStart:
    @pytest.fixture
    def without_models(self, tmp_path: Path) -> Settings:
        return Settings(model_store=tmp_path)

    @pytest.fixture
    def without_reference(self, tmp_path: Path) -> Settings:
        return Settings(reference=tmp_path)

    @pytest.fixture
    def with_other_weights(self, tmp_path: Path) -> Settings:
        settings = Settings(model_store=tmp_path / "model_store")
        shutil.copytree(Settings().model_store, settings.model_store)
        model = ModelStore(settings.model_store).get(settings.default_model)
        (model.folder / WEIGHTS).write_bytes(b"other weights")
        return settings

    @pytest.fixture
    def with_another_compiled_form(self, tmp_path: Path) -> Settings:
        """Make a compiled form that has the manifest's hash, and computes otherwise."""
        settings = Settings(model_store=tmp_path / "model_store")
        shutil.copytree(Settings().model_store, settings.model_store)
        store = ModelStore(settings.model_store)
        model = store.get(settings.default_model)
        other = store.get("four-class")
        shutil.copy(other.folder / COMPILED, model.folder / COMPILED)
        files = {**model.manifest.files, COMPILED: other.manifest.files[COMPILED]}
        write_manifest(model.manifest.model_copy(update={"files": files}), model.folder)
        return settings

    @pytest.mark.parametrize(
        "settings",
        [
            "without_models",
            "without_reference",
            "with_other_weights",
            "with_another_compiled_form",
        ],
    )
    def test_it_stays_alive_and_says_that_it_is_not_ready(
        self,
        serve: ServeSettings,
        request: pytest.FixtureRequest,
        settings: str,
        film: bytes,
    ) -> None:
        with (
            capture_logs() as lines,
            serve(request.getfixturevalue(settings)) as client,
        ):
            assert client.get("/health/live").status_code == 200
            health = client.get("/health")
            assert client.get("/health/ready").status_code == 503
            assert client.head("/health").status_code == 503
            refused = client.post("/predict", content=film)

        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/not-ready"
        assert "log" in refused.json()["detail"]
        failure = next(line for line in lines if line["event"] == "start failed")
        assert failure["problem"] in {"unknown-model", "corrupt-artefact"}
        assert health.status_code == 503
        assert health.json()["status"] == "failed"


def test_tensorflow_keeps_to_its_threads() -> None:
    program = """
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings
Screener.from_settings(Settings(engine="keras", inference_threads=1)).models.get()
import tensorflow as tf
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "1\n"


def test_a_compiled_model_serves_without_tensorflow() -> None:
    program = """
import sys
from covidxray_api.api.server import application
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings
application()
Screener.from_settings(Settings()).models.get()
print("tensorflow" in sys.modules, "keras" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "False False\n"


def test_keras_gives_the_same_answers(serve: ServeSettings, film: bytes) -> None:
    answers = []
    for engine in ("compiled", "keras"):
        with serve(Settings.model_validate({"engine": engine})) as client:
            answers.append(client.post("/predict", content=film).json())
    compiled, keras = (answer["probabilities"] for answer in answers)
    assert compiled == pytest.approx(keras, abs=1e-3)
    assert answers[0]["predicted_label"] == answers[1]["predicted_label"]
