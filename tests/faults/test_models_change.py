"""A change of models under load, and one that fails: real processes."""

from __future__ import annotations

import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import pytest
from tests.faults.crowd import Service, served
from tests.serving.versions import NAME, damage, first_version, next_version
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.faults


@dataclass(frozen=True)
class Answer:
    """What came back of one request, and when."""

    film: int
    status: int
    version: str
    probabilities: tuple[float, ...]
    moment: float


@contextmanager
def asking(service: Service, films: list[bytes], clients: int) -> Iterator[list[Answer]]:
    """Let clients ask during the block, and a while longer."""
    answers: list[Answer] = []
    over = Event()

    def repeat(number: int) -> None:
        with httpx.Client(base_url=service.address, timeout=PATIENCE_S) as client:
            while not over.is_set():
                number = (number + 1) % len(films)
                headers = {"Connection": "close"}
                said = client.post("/predict", content=films[number], headers=headers)
                found = said.json()
                answers.append(
                    Answer(
                        number,
                        said.status_code,
                        found["model"]["version"],
                        tuple(found["probabilities"].values()),
                        time.monotonic(),
                    )
                )

    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(repeat, number) for number in range(clients)]
        wait_until(lambda: len(answers) > 5 * clients)
        try:
            yield answers
            enough = len(answers) + 5 * clients
            wait_until(lambda: len(answers) > enough)
        finally:
            over.set()
    for it in asked:
        it.result()


def settings(folder: Path) -> dict[str, str]:
    store = str(folder.parents[1])
    return {"COVIDXRAY_MODEL_STORE": store, "COVIDXRAY_DEFAULT_MODEL": NAME}


def told(answers: list[Answer]) -> str:
    """Return how often each version answered, for the table."""
    counts = sorted(Counter(it.version for it in answers).items())
    return ", ".join(f"{count} × 200 by version {version}" for version, count in counts)


def test_models_change_under_load(
    films: list[bytes], note: Callable[..., None], tmp_path: Path
) -> None:
    folder = first_version(tmp_path)
    with served(settings(folder)) as service:
        before = service.workers
        with asking(service, films, 8) as answers:
            version = next_version(folder).name
            begun = time.monotonic()
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(service.log("switched")) == 2)
            took = time.monotonic() - begun
        health = service.health().json()
        assert service.workers == before
        assert service.problems() == []

    assert {it.status for it in answers} == {200}
    said = defaultdict(set)
    for it in answers:
        said[it.film, it.version].add(it.probabilities)
    # Each version answered each film, and always as itself.
    assert set(said) == {(film, it) for film in range(3) for it in (folder.name, version)}
    assert all(len(probabilities) == 1 for probabilities in said.values())
    assert health["model"]["version"] == version
    assert health["change"] == "switched"
    note(
        "Another version of the model, under load (SIGHUP)", told(answers),
        "`models are changed`, `switched`", took,
    )  # fmt: skip


def test_a_version_that_cannot_be_loaded_never_answers(
    films: list[bytes], note: Callable[..., None], tmp_path: Path
) -> None:
    folder = first_version(tmp_path)
    with served(settings(folder)) as service:
        with asking(service, films, 4) as answers:
            damage(next_version(folder) / "model.onnx")
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(service.log("models are not changed")) == 1)
        health = service.health().json()

    assert {(it.status, it.version) for it in answers} == {(200, folder.name)}
    assert health["model"]["version"] == folder.name
    assert (health["ready"], health["change"]) == (True, "failed")
    (line, *_) = service.log("models not loaded")
    assert line["problem"] == "corrupt-artefact"
    note(
        "A damaged version of the model, under load (SIGHUP)", told(answers),
        "`models not loaded`, `models are not changed`",
    )  # fmt: skip


def test_a_process_alone_changes_its_models_by_itself(film: bytes, tmp_path: Path) -> None:
    folder = first_version(tmp_path)
    with served(settings(folder), workers=1) as service:
        version = next_version(folder).name
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(service.log("switched")) == 1)
        said = httpx.post(f"{service.address}/predict", content=film, timeout=PATIENCE_S)

    assert said.json()["model"]["version"] == version
