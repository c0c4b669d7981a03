"""The path prefix under which a reverse proxy publishes the service."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefix:
    """ASGI middleware: a path has the prefix, whether the proxy has removed it or not.

    ASGI's `root_path` is the part of `path` at which the application is mounted; Starlette finds
    mounted files by taking it away.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    prefix : str
        The prefix; the server's own, as of ``uvicorn --root-path``, if empty.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (prefix := self._prefix or scope.get("root_path", "")):
            path = scope["path"]
            if path == prefix:
                # The page names what it loads relative to its own address.
                await RedirectResponse(f"{prefix}/")(scope, receive, send)
                return
            if not path.startswith(f"{prefix}/"):
                path = prefix + path
            scope = {**scope, "root_path": prefix, "path": path}
        await self._app(scope, receive, send)
