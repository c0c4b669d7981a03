"""How much one client may ask: counted before anything else of a request is done."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Send

from covidxray_api.access.allowance import Standing, client_of
from covidxray_api.access.caller import Caller
from covidxray_api.api.problems import respond_to
from covidxray_api.api.state import state_of
from covidxray_api.errors import TooManyRequests


async def serve_within_allowance(
    serve: ASGIApp, request: Request, caller: Caller, receive: Receive, send: Send
) -> None:
    """Serve a request, unless its client asks too often or for too much at once."""
    allowance = state_of(request).allowance
    client = client_of(caller, request.client.host if request.client else "")
    standing = await allowance.spend(client)
    if standing:
        send = _telling(standing, send)
    try:
        if standing and not standing.within:
            raise TooManyRequests(
                "rate", limit=standing.limit, window=standing.window_s, seconds=standing.reset_s
            )
        with allowance.holding(client):
            await serve(request.scope, receive, send)
    except TooManyRequests as error:
        await respond_to(request, error)(request.scope, receive, send)


def _telling(standing: Standing, send: Send) -> Send:
    """Let an answer say what is left (draft-ietf-httpapi-ratelimit-headers-10)."""

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["RateLimit-Policy"] = f'"client";q={standing.limit};w={standing.window_s}'
            headers["RateLimit"] = f'"client";r={standing.remaining};t={standing.reset_s}'
        await send(message)

    return telling
