"""Answers that a caller need not fetch again: RFC 9110, sections 8.8.3 (ETag) and 13.1.2."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from werkzeug.http import parse_etags, quote_etag

CACHED = "private, no-cache"
"""The caller may keep the answer, and asks each time whether it still holds."""

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "As the caller holds it: one of `If-None-Match` is its `ETag`."}
}
"""The OpenAPI description of the answer that has no content."""


def answer_unless_held(request: Request, text: str, media_type: str) -> Response:
    """Return a text with its strong `ETag`, or 304 without it to a caller who holds the same.

    Parameters
    ----------
    request : Request
        Its `If-None-Match` has the tags of what the caller holds.
    text : str
        The answer.
    media_type : str
        Of the answer; it is part of what the tag stands for.
    """
    content = text.encode()
    tag = sha256(media_type.encode() + b"\n" + content).hexdigest()
    headers = {"ETag": quote_etag(tag), "Cache-Control": CACHED}
    if parse_etags(request.headers.get("if-none-match")).contains_weak(tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
