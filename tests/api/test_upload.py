from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from covidxray_api.api.upload import read_upload
from covidxray_api.errors import BodyTooLarge

LIMIT = 10_000
CHUNK = bytes(1_000)


class Sender:
    """A client that sends chunk after chunk for as long as it is asked for more."""

    def __init__(self, chunks: Iterator[bytes], headers: dict[str, str]) -> None:
        self.sent = 0
        self._chunks = chunks
        scope = {
            "type": "http",
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        }
        self.request = Request(scope, self._receive)

    async def _receive(self) -> Message:
        self.sent += 1
        chunk = next(self._chunks, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}


def endless() -> Iterator[bytes]:
    while True:
        yield CHUNK


def endless_form() -> Iterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    yield from endless()


def test_a_raw_body_is_read_no_further_than_the_limit() -> None:
    sender = Sender(endless(), {})

    with pytest.raises(BodyTooLarge):
        asyncio.run(read_upload(sender.request, LIMIT))

    assert sender.sent == LIMIT // len(CHUNK) + 1


def test_a_form_is_read_no_further_than_the_limit() -> None:
    sender = Sender(endless_form(), {"content-type": "multipart/form-data; boundary=x"})

    with pytest.raises(BodyTooLarge):
        asyncio.run(read_upload(sender.request, LIMIT))

    assert sender.sent == LIMIT // len(CHUNK) + 1


def test_a_body_that_declares_too_much_is_not_read_at_all() -> None:
    sender = Sender(endless(), {"content-length": str(LIMIT + 1)})

    with pytest.raises(BodyTooLarge):
        asyncio.run(read_upload(sender.request, LIMIT))

    assert sender.sent == 0


def test_a_body_of_just_the_limit_is_read() -> None:
    sender = Sender(iter([CHUNK] * 10), {"content-length": str(LIMIT)})

    assert asyncio.run(read_upload(sender.request, LIMIT)) == CHUNK * 10


def test_a_film_in_a_form_is_never_written_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/there/is/no/such/folder")
    size = 3 * 1024 * 1024
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    chunks = iter([head, *[bytes(size // 8)] * 8, b"\r\n--x--\r\n"])
    sender = Sender(chunks, {"content-type": "multipart/form-data; boundary=x"})

    assert asyncio.run(read_upload(sender.request, 2 * size)) == bytes(size)


def test_a_sender_who_leaves_is_not_taken_for_a_short_file() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "headers": []}, receive)

    with pytest.raises(ClientDisconnect):
        asyncio.run(read_upload(request, LIMIT))
