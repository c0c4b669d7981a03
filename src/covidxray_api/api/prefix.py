"""The path prefix under which a reverse proxy publishes the service."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefix:
    """ASGI middleware: a path has the prefix, whether the proxy has removed it or not.

    ASGI's `root_path` is the part of `path` that the application is mounted at; Starlette finds
    mounted files by taking it away.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        prefix = scope.get("root_path", "")
        if prefix and scope["type"] == "http":
            if scope["path"] == prefix:
                # The page names what it loads relative to its own address.
                await RedirectResponse(f"{prefix}/")(scope, receive, send)
                return
            if not scope["path"].startswith(f"{prefix}/"):
                scope = {**scope, "path": prefix + scope["path"]}
        await self._app(scope, receive, send)
