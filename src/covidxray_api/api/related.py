"""Answers in several parts: `multipart/related` (RFC 2387; PS3.18, section 8.6.1)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from fastapi.responses import StreamingResponse

RELATED: Final = "multipart/related"


class AnswerPart(NamedTuple):
    """One part of an answer."""

    media_type: str
    data: bytes
    location: str | None = None
    """Where it is found alone."""


def related(parts: Iterable[AnswerPart], media_type: str) -> StreamingResponse:
    """Return an answer in parts.

    Parameters
    ----------
    parts : iterable of AnswerPart
        At least one; they are made in a thread, one after the other as they are sent.
    media_type : str
        That of the first.
    """
    boundary = uuid.uuid4().hex

    def written() -> Iterator[bytes]:
        for part in parts:
            location = f"Content-Location: {part.location}\r\n" if part.location else ""
            head = f"--{boundary}\r\nContent-Type: {part.media_type}\r\n{location}\r\n"
            yield head.encode() + part.data + b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    content_type = f'{RELATED}; type="{media_type}"; boundary={boundary}'
    return StreamingResponse(written(), headers={"Content-Type": content_type})
