"""The page for people: plain files, which ask nothing of any other host."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

WEB = Path(__file__).parents[1] / "web"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def page() -> FileResponse:
    """Serve the page."""
    return FileResponse(WEB / "index.html", headers=HEADERS)


def assets() -> StaticFiles:
    """Serve what the page is made of."""
    return StaticFiles(directory=WEB)
