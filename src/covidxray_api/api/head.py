"""HEAD: the answer to GET without its content (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SEEN = ("route", "app_root_path")
"""What the routing of a request leaves in its scope."""


class HeadAsGet:
    """ASGI middleware that answers HEAD wherever GET is answered, as load balancers ask.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_head)
        finally:
            # Those who count and log want to know which route it was.
            scope.update({name: asked[name] for name in SEEN if name in asked})
