"""The page for people: plain files, which ask nothing of any other host."""

from __future__ import annotations

import base64
import re
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from covidxray_api.api.prefix import VERSION
from covidxray_api.api.state import state_of

WEB = Path(__file__).parents[2] / "web"

SWAGGER = "static-offline-docs"
"""Path of Swagger UI."""

SWAGGER_FILES = StaticFiles(packages=[("fastapi_offline", "static")])
"""Swagger UI, which FastAPI would have browsers fetch from elsewhere."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
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


FILES = PageFiles(directory=WEB)
"""What the page is made of."""

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
async def page(request: Request) -> Response:
    """Serve the page."""
    return await FILES.get_response("index.html", request.scope)


@router.api_route("/studies", methods=["GET", "HEAD"], include_in_schema=False)
async def studies(request: Request) -> Response:
    """Serve the page of the studies that are to be read."""
    return await FILES.get_response("studies.html", request.scope)


@router.get("/page-settings", include_in_schema=False)
async def page_settings(request: Request) -> JSONResponse:
    """Tell the page what the service takes, and what its operator has settled for the page."""
    settings = state_of(request).settings
    told = {
        "max_body_bytes": settings.max_body_bytes,
        "line": settings.page_line,
        "logo": settings.page_logo is not None,
        "models": settings.page_models,
        "operating_point": settings.page_operating_point,
        "studies": settings.results is not None,
    }
    return JSONResponse(told, headers=HEADERS)


@router.get("/page-logo", include_in_schema=False)
async def page_logo(request: Request) -> Response:
    """Serve the hospital's picture."""
    logo = state_of(request).settings.page_logo
    if logo is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(logo, headers=HEADERS)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Serve the description of the API; made in a thread, as it first takes half a second."""
    app: FastAPI = request.app
    described = app.openapi()
    (server,) = described["servers"]
    server = server | {"url": f"{request.scope['root_path']}{VERSION}"}
    return JSONResponse(described | {"servers": [server]})


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Serve the description of the API, to be explored; addresses are relative to the page's."""
    answer = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=request.app.title,
        swagger_js_url=f"{SWAGGER}/swagger-ui-bundle.js",
        swagger_css_url=f"{SWAGGER}/swagger-ui.css",
        swagger_favicon_url=f"{SWAGGER}/favicon.png",
    )
    answer.headers["Content-Security-Policy"] = _policy_of_docs(bytes(answer.body))
    return answer


@cache
def _policy_of_docs(page: bytes) -> str:
    """Allow the one script that the page holds, by its hash; Swagger UI writes styles itself."""
    (script,) = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(sha256(script).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}';"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
