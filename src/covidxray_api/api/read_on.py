"""A refused upload is read on, so that its sender reads the refusal."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES, MOST_S = 256 * 1024 * 1024, 15.0
"""How far, and for how long, a refused upload is read on; it is kept nowhere."""

IDLE_S = 2.0
"""Seconds after which a sender from whom nothing comes is taken to wait for the answer."""


class ReadOn:
    """ASGI middleware that reads what is left of a body before the answer ends.

    A server that closes a connection on which data arrive resets it, and what it has answered is
    lost (RFC 9112, section 9.6): proxies say 502, and urllib knows nothing but the reset. What
    would never end is bounded.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        # Who waits for leave to send an upload does not send one that is refused.
        asked, ended = headers.get("expect", "").lower() != "100-continue", False
        last: Message | None = None

        async def receive_counted() -> Message:
            nonlocal asked, ended
            asked = True
            message = await receive()
            ended = ended or not message.get("more_body", False)
            return message

        async def send_but_the_last(message: Message) -> None:
            nonlocal last
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                last = {**message, "body": b""}
                message = {**message, "more_body": True}
            await send(message)

        await self._app(scope, receive_counted, send_but_the_last)
        if asked and not ended:
            await _drain(receive)
        if last is not None:
            await send(last)


async def _drain(receive: Receive) -> None:
    left, end = MOST_BYTES, time.monotonic() + MOST_S
    with suppress(TimeoutError):
        while left > 0 and time.monotonic() < end:
            async with asyncio.timeout(IDLE_S):
                message = await receive()
            if not message.get("more_body", False):
                return
            left -= len(message.get("body", b""))
