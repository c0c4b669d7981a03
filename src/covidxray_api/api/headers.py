"""Headers of every answer that keep browsers from doing what nobody meant."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # For what is no page; the pages have policies of their own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Figures of patients are nothing for caches; what a page is made of says what holds for it.
    "Cache-Control": "no-store",
}
"""What every answer carries, unless it says something else itself."""

STRICT_TRANSPORT = "max-age=31536000"
"""A browser that has come by TLS comes by TLS for a year (RFC 6797, section 6.1)."""


_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class SecurityHeaders:
    """ASGI middleware that adds what is missing of the headers above.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                added = [field for field in _RAW if field[0] not in present]
                if scope["scheme"] == "https":
                    added.append((b"strict-transport-security", STRICT_TRANSPORT.encode()))
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, send_safely)
