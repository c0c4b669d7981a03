"""Who is let in, who is refused, and what becomes of work that nobody waits for."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import parse_headers
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.waiting import wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine


def connect(client: httpx.Client) -> socket.socket:
    """Open a connection of its own, for what a well-behaved client does not do."""
    url = client.base_url
    return socket.create_connection((url.host, url.port or 80), timeout=60)


def head(length: int) -> bytes:
    return (
        b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/png\r\n"
        b"Content-Length: %d\r\n\r\n" % length
    )


def answer_of(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Read an answer without a client's help: status and JSON."""
    with connection.makefile("rb") as received:
        status = int(received.readline().split()[1])
        headers = parse_headers(received)
        return status, json.loads(received.read(int(headers["content-length"])))


def test_who_finds_no_place_is_refused_at_once_and_the_others_are_served(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(threads=2, max_in_flight=2), engine) as client:
        engine.warm_up(client)
        admitted = [in_background.submit(client.post, "/predict", content=film) for _ in range(2)]
        engine.begun.acquire()
        engine.begun.acquire()

        for path in ("/predict", "/validate", "/preview", "/levels", "/report"):
            refused = client.post(path, content=film, headers={"X-Request-ID": "ward-3"})
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["type"] == "/problems/overloaded"
            assert refused.json()["request_id"] == "ward-3"
        assert client.get("/health/ready").status_code == 200

        engine.go.set()
        assert [answer.result().status_code for answer in admitted] == [200, 200]
        assert client.post("/predict", content=film).status_code == 200


def test_who_may_not_call_learns_that_first_and_the_refused_are_logged_and_counted(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    tmp_path: Path,
) -> None:
    keys = Keys(tmp_path / "keys.json")
    key = keys.create("ward-3", ["predict", "metrics"])
    with serve_with(Settings(max_in_flight=1, keys=keys._path, root_path="/x"), engine) as client:
        engine.warm_up(client)
        client.headers["X-API-Key"] = key
        admitted = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        stranger = client.post("/predict", content=film, headers={"X-API-Key": "of nobody"})
        with capture_logs(processors=[merge_contextvars]) as logged:
            refused = client.post("/x/v1/predict", content=film, headers={"Accept-Language": "es"})
            wait_until(lambda: any(it["event"] == "request" for it in logged))
        counted = client.get("/metrics").text
        engine.go.set()
        assert admitted.result().status_code == 200

    assert stranger.status_code == 401
    assert refused.status_code == 503
    assert refused.json()["type"] == "/x/problems/overloaded"
    assert refused.json()["title"] == "Sobrecargado"
    assert refused.headers["x-content-type-options"] == "nosniff"
    (line,) = (it for it in logged if it["event"] == "request")
    assert (line["path"], line["status"], line["problem"]) == ("/predict", 503, "overloaded")
    assert line["caller"] == "key:ward-3"
    assert 'covidxray_refused_total{problem="overloaded"} 1.0' in counted
    said = 'covidxray_requests_total{method="POST",route="/predict",status="5xx"} 1.0'
    assert said in counted


def test_who_is_refused_need_not_send_the_image(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(max_in_flight=1), engine) as client:
        engine.warm_up(client)
        admitted = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        with connect(client) as connection:
            connection.sendall(head(10_000_000))
            status, problem = answer_of(connection)
        assert status == 503
        assert problem["type"] == "/problems/overloaded"
        engine.go.set()
        assert admitted.result().status_code == 200


def test_a_place_is_taken_until_the_work_has_ended_though_its_deadline_has_passed(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes
) -> None:
    with serve_with(Settings(max_in_flight=1, deadline_s=0.2), engine) as client:
        engine.warm_up(client)
        late = client.post("/predict", content=film)
        assert late.status_code == 504
        assert late.json()["type"] == "/problems/deadline-exceeded"
        assert int(late.headers["retry-after"]) > 0
        assert client.post("/predict", content=film).status_code == 503

        engine.go.set()
        wait_until(lambda: client.post("/predict", content=film).status_code == 200)


def test_work_that_has_not_begun_by_its_deadline_never_does(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(threads=1, max_in_flight=3, deadline_s=0.2), engine) as client:
        engine.warm_up(client)
        answers = [in_background.submit(client.post, "/predict", content=film) for _ in range(3)]
        assert [answer.result().status_code for answer in answers] == [504] * 3
        engine.go.set()
        wait_until(lambda: client.post("/predict", content=film).status_code == 200)
        # The warm-up, the one that had begun, and the last.
        assert len(engine.threads) == 3


def test_an_image_whose_sender_has_gone_is_not_worked_on(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with serve_with(Settings(threads=1, max_in_flight=2), engine) as client:
        engine.warm_up(client)
        first = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        with connect(client) as connection:
            connection.sendall(head(len(film)) + film)
            # An empty upload takes no place for long: it tells whether there is one.
            wait_until(lambda: client.post("/predict").status_code == 503)
        wait_until(lambda: client.post("/predict").status_code != 503)
        last = in_background.submit(client.post, "/predict", content=film)
        engine.go.set()
        assert [answer.result().status_code for answer in (first, last)] == [200, 200]
        assert len(engine.threads) == 3  # the warm-up, the first and the last


def test_an_upload_that_does_not_arrive_is_given_up(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes
) -> None:
    with serve_with(Settings(max_in_flight=1, deadline_s=0.2), engine) as client:
        engine.warm_up(client)
        engine.go.set()
        with connect(client) as connection:
            connection.sendall(head(len(film)) + film[:100])
            status, problem = answer_of(connection)
        assert status == 408
        assert problem["type"] == "/problems/upload-too-slow"
        assert client.post("/predict", content=film).status_code == 200
