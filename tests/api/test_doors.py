"""What holds for every route: versions, HEAD, and refusals that reach their reader."""

from __future__ import annotations

import asyncio
import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send
from tests.conftest import Serve

from covidxray_api.api.read_on import MOST_BYTES, ReadOn
from covidxray_api.settings import Settings

LIMIT = 200_000


@pytest.fixture(scope="module")
def small(serve: Serve) -> Iterator[httpx.Client]:
    with serve(Settings(max_body_bytes=LIMIT)) as client:
        yield client


@pytest.mark.parametrize("path", ["/models", "/health", "/health/ready", "/problems/overloaded"])
def test_what_stands_under_a_version_also_stands_without(service: httpx.Client, path: str) -> None:
    assert service.get(f"/v1{path}").json() == service.get(path).json()


def test_images_are_answered_under_a_version(service: httpx.Client, film: bytes) -> None:
    answer = service.post("/v1/predict", files={"file": film})

    assert answer.json()["predicted_label"] == "normal"


def test_there_is_no_other_version(service: httpx.Client) -> None:
    assert service.get("/v3/models").status_code == 404
    assert service.get("/v1/v1/models").status_code == 404


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/models", "/docs", "/", "/openapi.json"]
)
def test_head_is_answered_like_get(service: httpx.Client, path: str) -> None:
    answer, full = service.head(path), service.get(path)

    assert answer.status_code == full.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"] == full.headers["content-type"]
    assert answer.headers["content-length"] == str(len(full.content))


def test_head_of_what_takes_an_upload_is_not_offered(service: httpx.Client) -> None:
    assert service.head("/predict").status_code == 405


def test_urllib_reads_why_its_upload_was_refused(small: httpx.Client) -> None:
    # It sends all of the body before it reads, and asks for the connection to be closed.
    request = urllib.request.Request(  # noqa: S310
        str(small.base_url.join("/predict")), data=bytes(100 * LIMIT), method="POST"
    )

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310

    assert refused.value.code == 413
    assert b"body-too-large" in refused.value.read()


@pytest.mark.parametrize("path", ["/predict?patient=1", "/nowhere", "/health"])
def test_any_refusal_is_read(small: httpx.Client, path: str) -> None:
    connection = http.client.HTTPConnection(small.base_url.host, small.base_url.port or 0)
    connection.request("POST", path, bytes(3 * LIMIT), {"Connection": "close"})

    answer = connection.getresponse()

    assert answer.status in {400, 404, 405}
    assert answer.read().startswith(b"{")


def test_a_refused_upload_is_not_read_for_ever() -> None:
    chunk, received, sent = bytes(1024 * 1024), 0, []

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({}, 413)(scope, receive, send)

    async def receive() -> Message:
        nonlocal received
        received += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Message) -> None:
        sent.append((message["type"], bool(message.get("more_body")), received))

    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    asyncio.run(ReadOn(refuse)(scope, receive, send))

    assert sent == [
        ("http.response.start", False, 0),
        ("http.response.body", True, 0),
        ("http.response.body", False, MOST_BYTES),
    ]


def test_who_waits_for_leave_is_refused_at_once(small: httpx.Client) -> None:
    host, port = small.base_url.host, small.base_url.port or 0
    with socket.create_connection((host, port), 60) as connection:
        head = (
            f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {3 * LIMIT}\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in answer


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/problems/overloaded"])
def test_no_cache_keeps_an_answer(service: httpx.Client, path: str) -> None:
    assert service.get(path).headers["cache-control"] == "no-store"
