"""The page for people: plain files, which ask nothing of any other host."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parents[1] / "web"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept, but asked about each time: a new release must not meet files of the one before.
    "Cache-Control": "no-cache",
}


class PageFiles(StaticFiles):
    """Files of the page, with the headers that hold for all of them; unchanged ones answer 304."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


_FILES = PageFiles(directory=WEB)


async def page(request: Request) -> Response:
    """Serve the page."""
    return await _FILES.get_response("index.html", request.scope)


def assets() -> StaticFiles:
    """Serve what the page is made of."""
    return _FILES
