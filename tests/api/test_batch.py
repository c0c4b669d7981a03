"""Several radiographs in one request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import Serve, ServeWith, WaitingEngine
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

LABELS = ("normal", "covid_19", "viral_pneumonia")
Sent = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture
def films(examples: Path) -> Sent:
    return [("file", (f"{name}.png", (examples / f"{name}.png").read_bytes())) for name in LABELS]


def test_each_file_gets_the_answer_that_it_would_get_alone(
    service: httpx.Client, films: Sent
) -> None:
    answer = service.post("/v1/predict/batch", files=films, data={"operating_point": "specific"})

    assert answer.status_code == 200
    body = answer.json()
    assert [item["index"] for item in body["answers"]] == [0, 1, 2]
    for item, (_, (name, data)) in zip(body["answers"], films, strict=True):
        alone = service.post("/predict?operating_point=specific", content=data).json()
        assert item["filename"] == name
        assert item["problem"] is None
        assert item["prediction"]["request_id"] == f"{body['request_id']}.{item['index']}"
        same = {"request_id": ""}
        assert item["prediction"] | same == alone | same


def test_a_bad_file_costs_no_other_its_answer(
    service: httpx.Client, films: Sent, no_film: bytes
) -> None:
    sent = [films[0], ("file", ("text.png", b"text")), ("file", ("", b"x")), ("file", ("e", b""))]

    answer = service.post(
        "/predict/batch",
        files=[*sent, ("file", ("cat.png", no_film)), films[2]],
        headers={"Accept-Language": "es"},
    )

    answers = answer.json()["answers"]
    problems = [item["problem"] and item["problem"]["type"] for item in answers]
    assert problems == [
        None,
        "/problems/unsupported-format",
        "/problems/unsupported-format",
        "/problems/empty-file",
        None,
        None,
    ]
    assert answers[1]["problem"]["title"] == "Formato de archivo no admitido"
    assert answers[4]["prediction"]["rejected"]
    assert answers[5]["prediction"]["predicted_label"] == "viral_pneumonia"
    assert answer.headers["content-language"] == "es"


def test_an_internal_fault_over_one_file_costs_no_other_its_answer(
    serve_at_once: Serve, films: Sent, wait_until_ready: Callable[[httpx.Client], None]
) -> None:
    faulty = films[1][1][1]

    class Broken(Screener):
        def screen(self, data: bytes, *arguments: Any) -> Any:
            if data == faulty:
                raise ZeroDivisionError
            return super().screen(data, *arguments)

    with serve_at_once(Settings(), Broken.from_settings) as client:
        wait_until_ready(client)
        answers = client.post("/predict/batch", files=films).json()["answers"]

    assert [item["prediction"] is not None for item in answers] == [True, False, True]
    assert answers[1]["problem"]["type"] == "/problems/internal-error"


def test_answers_are_streamed_as_lines(service: httpx.Client, films: Sent) -> None:
    headers = {"Accept": "application/x-ndjson"}
    with service.stream("POST", "/predict/batch", files=films, headers=headers) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.iter_lines()]

    assert [line["index"] for line in lines] == [0, 1, 2]
    assert lines[0]["prediction"]["predicted_label"] == "normal"


class SteppedEngine:
    """An engine that computes once for each permit."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        assert self.permits.acquire(timeout=PATIENCE_S)
        return np.full((len(tensor), 3), 1 / 3, dtype=np.float32)


def test_a_line_is_sent_before_the_next_file_is_screened(
    serve_with: ServeWith, films: Sent, wait_until_ready: Callable[[httpx.Client], None]
) -> None:
    engine, headers = SteppedEngine(), {"Accept": "application/x-ndjson"}
    with serve_with(Settings(gate="ssim"), engine) as client:
        engine.permits.release()
        wait_until_ready(client)
        engine.permits.release()
        with client.stream("POST", "/predict/batch", files=films, headers=headers) as answer:
            lines = answer.iter_lines()
            first = json.loads(next(lines))
            engine.permits.release(2)
            rest = [json.loads(line)["index"] for line in lines]

    assert first["index"] == 0
    assert rest == [1, 2]


@pytest.fixture(scope="module")
def small(serve: Serve) -> Iterator[httpx.Client]:
    settings = Settings(batch_max_files=2, batch_max_bytes=400_000, max_body_bytes=10_000)
    with serve(settings) as client:
        yield client


def test_it_is_bounded(small: httpx.Client, films: Sent) -> None:
    many = small.post("/predict/batch", files=films)
    large = small.post("/predict/batch", files=[("file", bytes(400_001))])

    assert many.status_code == 400
    assert "at most 2" in many.json()["detail"]
    assert large.status_code == 413


@pytest.mark.parametrize(
    ("sent", "status", "problem"),
    [
        ({"content": b"x"}, 415, "unsupported-format"),
        ({"files": {"image": b"x"}}, 400, "missing-file"),
        ({"files": {"file": b"x"}, "data": {"modell": "x"}}, 400, "invalid-request"),
        ({"files": {"file": b"x"}, "headers": {"Accept": "text/html"}}, 406, "not-acceptable"),
    ],
)
def test_what_is_no_batch_is_refused(
    service: httpx.Client, sent: dict[str, Any], status: int, problem: str
) -> None:
    answer = service.post("/predict/batch", **sent)

    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{problem}"


def test_more_batches_than_are_admitted_are_refused(
    serve_with: ServeWith, engine: WaitingEngine, films: Sent
) -> None:
    with serve_with(Settings(gate="ssim", batches_in_flight=1), engine) as client:
        engine.warm_up(client)
        with ThreadPoolExecutor() as pool:
            first = pool.submit(client.post, "/predict/batch", files=films[:1])
            assert engine.begun.acquire(timeout=60)
            refused = client.post("/predict/batch", files=films[:1])
            engine.go.set()

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert first.result().status_code == 200


def test_a_file_waits_for_its_place(
    serve_with: ServeWith, engine: WaitingEngine, films: Sent, film: bytes
) -> None:
    with serve_with(Settings(gate="ssim", max_in_flight=1), engine) as client:
        engine.warm_up(client)
        with ThreadPoolExecutor() as pool:
            one = pool.submit(client.post, "/predict", content=film)
            assert engine.begun.acquire(timeout=60)
            batch = pool.submit(client.post, "/predict/batch", files=films[:1])
            wait_until(lambda: not batch.done())
            engine.go.set()

    assert one.result().status_code == 200
    assert batch.result().json()["answers"][0]["prediction"] is not None


def test_a_file_for_which_there_is_never_a_place_gets_a_problem(
    serve_with: ServeWith, engine: WaitingEngine, films: Sent, film: bytes
) -> None:
    with serve_with(Settings(gate="ssim", max_in_flight=1, deadline_s=1.0), engine) as client:
        engine.warm_up(client)
        with ThreadPoolExecutor() as pool:
            one = pool.submit(client.post, "/predict", content=film)
            assert engine.begun.acquire(timeout=60)
            batch = pool.submit(client.post, "/predict/batch", files=films[:1])
            (answer,) = batch.result().json()["answers"]
            engine.go.set()

    assert one.result().status_code == 504
    assert answer["problem"]["type"] == "/problems/overloaded"
