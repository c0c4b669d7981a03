"""What the API description says beyond what FastAPI reads from the routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI

from covidxray_api.api.admission import UploadRoute
from covidxray_api.api.upload import FIELD

_FILE = {
    "type": "string",
    "format": "binary",
    "description": "The image file: DICOM, PNG, JPEG, JPEG 2000, WebP, TIFF, BMP, GIF or PGM. Its"
    " content decides, not its name nor its declared type.",
}
"""As every generator knows it; those of TypeScript make it a Blob."""


def describe_uploads(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Add to an app's description the form that its upload routes take.

    That the image can also be the body itself is said in words: generators that are offered both
    choose the wrong one, or make clients that send the image as JSON.
    """
    paths = app.openapi()["paths"]
    for route in (route for router in routers for route in router.routes):
        if not isinstance(route, UploadRoute) or not route.include_in_schema:
            continue
        operation = paths[route.path_format]["post"]
        fields = {
            parameter["name"]: {**parameter["schema"], "description": parameter["description"]}
            for parameter in operation["parameters"]
            if parameter["in"] == "query"
        }
        operation["requestBody"] = _body({FIELD: _FILE, **fields})


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "A form with the image; parameters of the query may stand in it instead."
        " The image can also be the body itself, of any other content type, as"
        " `application/dicom` or `image/png`. Bodies may be packed (`Content-Encoding: gzip`).",
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": [FIELD], "properties": fields}
            }
        },
    }
