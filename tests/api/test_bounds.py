"""What a client draws out or makes large is ended."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import parse_headers
from typing import Any, BinaryIO

import httpx
import pytest
from structlog.testing import capture_logs
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.api import bounded_protocol, read_on

HOST = b"Host: here\r\n"


@contextmanager
def connected(service: httpx.Client) -> Iterator[tuple[socket.socket, BinaryIO]]:
    address = (service.base_url.host, service.base_url.port or 0)
    with (
        socket.create_connection(address, timeout=PATIENCE_S) as connection,
        connection.makefile("rb") as received,
    ):
        yield connection, received


def answer(received: BinaryIO) -> tuple[int, dict[str, Any]]:
    """Return status and content of the next answer, a problem or JSON."""
    status = int(received.readline().split()[1])
    headers = parse_headers(received)
    assert headers["Content-Type"].startswith("application/")
    return status, json.loads(received.read(int(headers["Content-Length"])))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of time that a test can wait for."""
    monkeypatch.setattr(bounded_protocol, "HEADER_S", 1.0)
    monkeypatch.setattr(bounded_protocol, "STALLED_S", 1.0)
    monkeypatch.setattr(bounded_protocol, "PARTING_S", 0.1)


@pytest.mark.usefixtures("impatient")
class TestTime:
    def test_a_silent_connection_is_closed(self, service: httpx.Client) -> None:
        with connected(service) as (_, received):
            assert received.read() == b""

    @pytest.mark.parametrize("part", [b"G", b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: b"])
    def test_half_a_header_is_refused(self, service: httpx.Client, part: bytes) -> None:
        with capture_logs() as lines, connected(service) as (connection, received):
            connection.sendall(part)
            status, problem = answer(received)
            assert received.read() == b""

        assert status == 408
        assert problem["type"] == "/problems/header-too-slow"
        assert {"status": 408, "problem": "header-too-slow"}.items() <= lines[-1].items()

    def test_a_header_that_trickles_is_refused(self, service: httpx.Client) -> None:
        with connected(service) as (connection, received):
            connection.sendall(b"GET /health HTTP/1.1\r\n" + HOST)
            connection.settimeout(0.01)
            for _ in range(1000):
                connection.sendall(b"X-A: b\r\n")
                try:
                    if connection.recv(1, socket.MSG_PEEK):
                        break
                except TimeoutError:
                    continue
            connection.settimeout(PATIENCE_S)
            assert answer(received)[0] == 408

    def test_the_next_header_has_as_long(self, service: httpx.Client) -> None:
        with connected(service) as (connection, received):
            connection.sendall(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
            assert answer(received)[0] == 200
            connection.sendall(b"GET /health HTTP")
            assert answer(received)[0] == 408

    def test_the_rest_of_a_body_that_is_answered_is_not_waited_for(
        self, service: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(read_on, "MOST_S", 0.1)
        head = b"POST /none HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n"
        with connected(service) as (connection, received):
            connection.sendall(head + b"some")
            assert answer(received)[0] == 404
            with pytest.raises(OSError, match=r"reset|[Bb]roken"):
                wait_until(lambda: connection.sendall(b"x"))

    def test_a_client_that_does_not_read_is_left(
        self, service: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = (service.base_url.host, service.base_url.port or 0)
        asked = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE_S)
            connection.connect(address)
            connection.sendall(asked * 100)
            with pytest.raises(OSError, match=r"reset|[Bb]roken"):
                wait_until(lambda: connection.sendall(asked))


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: " + b"b" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 20_000 + b"\r\n",
        b"GET /health HTTP/1.1\r\n" + HOST + b"X-A: " + b"b" * 2_000_000,
    ],
    ids=["a long field", "a long address", "many fields", "a field without an end"],
)
@pytest.mark.parametrize("piece", [1_000, 300_000], ids="{} bytes at a time".format)
def test_a_large_header_is_refused(service: httpx.Client, head: bytes, piece: int) -> None:
    with connected(service) as (connection, received):
        for start in range(0, len(head), piece):
            connection.sendall(head[start : start + piece])
        status, problem = answer(received)

    assert status == 431
    assert problem["type"] == "/problems/header-too-large"
    assert problem["detail"] == "The header has more than 65,536 bytes, which is the limit."


def test_a_header_within_the_bound_is_read(service: httpx.Client, film: bytes) -> None:
    fields = b"X-A: " + b"b" * 60_000 + b"\r\nContent-Length: %d\r\n\r\n" % len(film)
    request = b"POST /predict HTTP/1.1\r\n" + HOST + fields + film
    with connected(service) as (connection, received):
        for _ in range(2):  # The second header is counted anew.
            connection.sendall(request[:50])
            connection.sendall(request[50:])
            assert answer(received)[0] == 200


def test_what_was_asked_before_is_answered_before(service: httpx.Client, film: bytes) -> None:
    head = b"POST /predict HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(film)
    with connected(service) as (connection, received):
        connection.sendall(head + film + b"GET / HTTP/1.1\r\nX-A: " + b"b" * 300_000)
        status, said = answer(received)
        assert received.read() == b""

    assert status == 200
    assert said["predicted_label"] == "normal"


def test_a_body_in_broken_pieces_is_refused(service: httpx.Client) -> None:
    head = b"POST /predict HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with connected(service) as (connection, received):
        connection.sendall(head + b"4\r\nsome\r\nno length\r\n")
        status, problem = answer(received)

    assert status == 400
    assert problem["detail"] == "What arrived is no request of HTTP/1.1."
