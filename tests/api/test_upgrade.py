"""Clients that offer another protocol with their upload are answered in this one."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import parse_headers
from pathlib import Path

import httpx
import pytest

UPLOAD = Path(__file__).with_name("Upload.java")
OFFER = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
)


class Connection:
    """A connection on which requests are sent byte by byte."""

    def __init__(self, connection: socket.socket) -> None:
        self.send = connection.sendall
        self._received = connection.makefile("rb")

    def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next answer."""
        status = int(self._received.readline().split()[1])
        length = parse_headers(self._received)["Content-Length"]
        return status, self._received.read(int(length))

    def close(self) -> None:
        self._received.close()


@pytest.fixture
def connection(service: httpx.Client) -> Iterator[Connection]:
    url = service.base_url
    with (
        socket.create_connection((url.host, url.port or 80), timeout=60) as opened,
        closing(Connection(opened)) as connection,
    ):
        yield connection


def with_length(film: bytes) -> bytes:
    head = b"POST /predict HTTP/1.1\r\nHost: test\r\n%sContent-Length: %d\r\n\r\n"
    return head % (OFFER, len(film)) + film


def in_chunks(film: bytes) -> bytes:
    head = b"POST /predict HTTP/1.1\r\nHost: test\r\n%sTransfer-Encoding: chunked\r\n\r\n" % OFFER
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(film), film)


@pytest.mark.parametrize("request_of", [with_length, in_chunks])
@pytest.mark.parametrize("piece", [50, 300, 70_000], ids="{} bytes at a time".format)
def test_an_offer_to_upgrade_does_not_cost_the_upload(
    connection: Connection,
    film: bytes,
    request_of: Callable[[bytes], bytes],
    piece: int,
) -> None:
    request = request_of(film)
    # Twice on one connection: what follows the upload is read as well.
    for _ in range(2):
        head, rest = request[:1000], request[1000:]
        for start in range(0, len(head), piece):
            connection.send(head[start : start + piece])
        connection.send(rest)
        status, body = connection.answer()

        assert status == 200
        assert json.loads(body)["predicted_label"] == "normal"


def test_offers_that_are_sent_without_waiting_are_answered_in_order(
    connection: Connection, film: bytes
) -> None:
    asked = b"GET /health/live HTTP/1.1\r\nHost: test\r\n%s\r\n" % OFFER
    connection.send(asked + with_length(film) + asked)

    assert connection.answer() == (200, b'{"status":"ok"}')
    assert connection.answer()[0] == 200
    assert connection.answer() == (200, b'{"status":"ok"}')


def test_an_offer_of_a_web_socket_is_ignored_too(connection: Connection) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    connection.send(b"GET /health/live HTTP/1.1\r\nHost: test\r\n%s\r\n" % offer)

    assert connection.answer()[0] == 200


def test_a_tunnel_is_not_offered(connection: Connection) -> None:
    connection.send(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n")

    assert connection.answer()[0] in {400, 404, 405}


def test_what_is_no_http_is_a_bad_request(connection: Connection) -> None:
    connection.send(b"\x16\x03\x01 this is TLS\r\n\r\n")

    status, content = connection.answer()
    body = json.loads(content)
    assert status == body["status"] == 400
    assert body["type"] == "/problems/invalid-request"
    assert body["detail"] == "What arrived is no request of HTTP/1.1."


@pytest.mark.skipif(not shutil.which("java"), reason="needs a JDK")
def test_the_client_of_the_jdk_sends_its_upload(service: httpx.Client, examples: Path) -> None:
    files = [examples / "normal.png", examples / "not_a_radiograph.png"]
    command = ["java", str(UPLOAD), str(service.base_url.join("/predict")), *map(str, files)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    first, second = (line.partition(" ") for line in done.stdout.splitlines())
    assert first[0] == second[0] == "200"
    assert json.loads(first[2])["predicted_label"] == "normal"
    assert json.loads(second[2])["rejected"] is True


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_sends_its_upload(service: httpx.Client, examples: Path) -> None:
    film, url = examples / "normal.png", str(service.base_url.join("/predict"))
    command = ["curl", "--silent", "--http2", "--data-binary", f"@{film}", url]

    done = subprocess.run(command, capture_output=True, timeout=120, check=True)

    assert json.loads(done.stdout)["predicted_label"] == "normal"
