"""What finds no place is refused before the application sees it, as the application would."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import parse_headers
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.waiting import wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine

Answer = tuple[int, dict[str, str], dict[str, Any]]


@contextmanager
def full(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    settings: Settings,
    key: str = "",
) -> Iterator[httpx.Client]:
    """Run a service all of whose places, one, are taken; then answer who has it."""
    with serve_with(settings.model_copy(update={"max_in_flight": 1}), engine) as client:
        engine.warm_up(client)
        if key:
            client.headers["X-API-Key"] = key
        admitted = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        try:
            yield client
        finally:
            engine.go.set()
            assert admitted.result().status_code == 200


@contextmanager
def connected(client: httpx.Client) -> Iterator[socket.socket]:
    url = client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=60) as connection:
        yield connection


def request(*lines: str, path: str = "/predict", body: bytes = b"film", size: int = 4) -> bytes:
    told = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {size}", *lines, "", ""]
    return "\r\n".join(told).encode() + body


def answer_of(connection: socket.socket) -> Answer:
    """Read an answer: status, headers as they are written, and JSON."""
    with connection.makefile("rb") as received:
        status = int(received.readline().split()[1])
        headers = parse_headers(received)
        return status, dict(headers), json.loads(received.read(int(headers["content-length"])))


def by_application(headers: dict[str, str]) -> bool:
    """Return whether the application has answered: it writes names in lower case."""
    return "content-type" in headers


@pytest.mark.parametrize("language", ["en", "es-MX"])
@pytest.mark.parametrize("prefix", ["", "/x"])
@pytest.mark.parametrize("key", [False, True])
def test_it_says_what_the_application_says(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    tmp_path: Path,
    language: str,
    prefix: str,
    key: bool,
) -> None:
    keys = Keys(tmp_path / "keys.json")
    shown = keys.create("ward", ["predict", "metrics"])
    settings = Settings(root_path=prefix, keys=keys._path if key else None)
    lines = (f"Accept-Language: {language}", "X-Request-ID: ward-3", f"X-API-Key: {shown}")
    with full(serve_with, engine, film, in_background, settings, shown) as client:
        with capture_logs(processors=[merge_contextvars]) as logged:
            answers = []
            for more in ((), ("Connection: close",)):
                with connected(client) as connection:
                    connection.sendall(request(*lines, *more, path=f"{prefix}/v1/predict?x=1"))
                    answers.append(answer_of(connection))
            wait_until(lambda: len([it for it in logged if it["event"] == "request"]) == 2)
        counted = client.get("/metrics").text

    for (_, headers, _), application in zip(answers, (False, True), strict=True):
        assert by_application(headers) is application
    shed, told = (
        (status, {name.lower(): text for name, text in headers.items()}, body)
        for status, headers, body in answers
    )
    for _, headers, _ in (shed, told):
        headers.pop("date")
        headers.pop("connection", None)
    assert shed == told
    assert shed[0] == 503
    first, second = (
        {name: value for name, value in it.items() if name != "duration_ms"}
        for it in logged
        if it["event"] == "request"
    )
    assert first == second
    assert 'covidxray_refused_total{problem="overloaded"} 2.0' in counted
    said = 'covidxray_requests_total{method="POST",route="/predict",status="5xx"} 2.0'
    assert said in counted


@pytest.mark.parametrize("sent", ["/v1/predict", "/x/v1/predict"])
def test_it_says_what_the_application_says_behind_a_proxy(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    sent: str,
) -> None:
    settings = Settings(trusted_proxies=["127.0.0.0/8"], cors_origins=["https://ward.example"])
    lines = ("X-Forwarded-For: 10.1.2.3", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /x")
    with full(serve_with, engine, film, in_background, settings) as client:
        answers = []
        for more in ("X-Request-ID: ward-3", "X-Request-ID: ward-3\r\nConnection: close"):
            with connected(client) as connection:
                connection.sendall(request(*lines, more, path=sent))
                answers.append(answer_of(connection))
        with connected(client) as connection:
            connection.sendall(request("Origin: https://ward.example"))
            _, page, _ = answer_of(connection)

    (_, shed, body), (_, told, said) = answers
    assert not by_application(shed)
    assert by_application(told)
    assert shed["Strict-Transport-Security"] == told["strict-transport-security"]
    assert body == said
    assert body["type"] == "/x/problems/overloaded"
    assert page["access-control-allow-origin"] == "https://ward.example"


def test_who_may_not_call_learns_that(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    tmp_path: Path,
) -> None:
    keys = Keys(tmp_path / "keys.json")
    right, wrong = keys.create("ward", ["predict"]), keys.create("clinic", ["feedback"])
    settings = Settings(keys=keys._path)
    with full(serve_with, engine, film, in_background, settings, right) as client:
        for line, status in (("X-API-Key: none", 401), (f"X-API-Key: {wrong}", 403)):
            with connected(client) as connection:
                connection.sendall(request(line))
                assert answer_of(connection)[0] == status


def test_the_connection_serves_on(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    whole = request(body=film, size=len(film))
    with full(serve_with, engine, film, in_background, Settings()) as client:
        with connected(client) as first:  # which is let go, as the first in a while
            first.sendall(whole)
            assert answer_of(first)[1]["Connection"] == "close"
            assert first.recv(1) == b""
        with connected(client) as connection:
            assert [refused(connection, whole) for _ in range(3)] == [503, 503, 503]
            engine.go.set()
            wait_until(lambda: client.post("/predict", content=film).status_code == 200)
            connection.sendall(whole)
            assert answer_of(connection)[0] == 200


def refused(connection: socket.socket, whole: bytes) -> int:
    connection.sendall(whole)
    status, headers, _ = answer_of(connection)
    assert not by_application(headers)
    return status


def test_who_sends_no_body_is_answered_and_who_goes_leaves_a_line(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes, in_background: ThreadPoolExecutor
) -> None:
    with (
        capture_logs() as logged,
        full(serve_with, engine, film, in_background, Settings()) as client,
    ):
        with connected(client) as connection:
            connection.sendall(request(size=1_000_000))
            status, headers, _ = answer_of(connection)
            assert (status, headers["Connection"]) == (503, "close")
            assert connection.recv(1) == b""
        with connected(client) as connection:
            connection.sendall(request(size=1_000_000))
            # The line of the next request comes after it has been taken up.
            client.get("/health")
        wait_until(lambda: any(it.get("status") == 499 for it in logged))
