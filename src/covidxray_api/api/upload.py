"""From a request to the bytes of one file, never holding more than the limit."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from covidxray_api.errors import BodyTooLarge, EmptyFile, InvalidRequest, MissingFile

FIELD = "file"

# Both ways to say it: generators of OpenAPI 3.0 know `format`, JSON Schema 2020-12 (OpenAPI 3.1)
# knows `contentMediaType`.
_FILE = {"type": "string", "format": "binary"}
_BYTES = {**_FILE, "contentMediaType": "application/octet-stream"}
REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "One radiograph: DICOM, PNG, JPEG, WebP, TIFF or BMP. The content decides,"
        " not the declared type.",
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {**_BYTES, "description": "The image file."}},
                }
            },
            "application/octet-stream": {"schema": _BYTES},
            "application/dicom": {"schema": {**_BYTES, "contentMediaType": "application/dicom"}},
            "image/*": {"schema": _FILE},
        },
    }
}
"""What an upload looks like, for the OpenAPI description."""


async def read_upload(request: Request, limit: int) -> bytes:
    """Read the file that a request carries, as a form field or as its body.

    Parameters
    ----------
    request : Request
        With a multipart form that has one file in the field `file`, or with the image itself as
        the body, of any other content type.
    limit : int
        Most bytes of the body that are read.

    Raises
    ------
    BodyTooLarge
        As soon as the body is known to have more bytes than `limit`.
    EmptyFile
        If the file has no bytes.
    MissingFile, InvalidRequest
        If the form has no such file, several files, or cannot be parsed.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        async with aclosing(_bounded(request, limit)) as body:
            data = await _file_of_form(request, body, limit)
    else:
        data = await read_body(request, limit)
    if not data:
        raise EmptyFile()
    return data


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request.

    Parameters
    ----------
    request : Request
        The request.
    limit : int
        Most bytes that are read.

    Raises
    ------
    BodyTooLarge
        As soon as the body is known to have more bytes than `limit`.
    """
    async with aclosing(_bounded(request, limit)) as body:
        return b"".join([chunk async for chunk in body])


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    received = int(declared) if declared.isdecimal() else 0
    if received > limit:
        raise BodyTooLarge("declared", received=received, limit=limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise BodyTooLarge(limit=limit)
        yield chunk


async def _file_of_form(request: Request, body: AsyncGenerator[bytes, None], limit: int) -> bytes:
    parser = MultiPartParser(request.headers, body, max_files=1)
    # Images stay in memory: nothing of a patient is written to the server's disk.
    parser.spool_max_size = limit
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InvalidRequest("unreadable_form", fault=error.message) from error
    try:
        values = form.getlist(FIELD)
        if len(values) > 1:
            raise InvalidRequest("several_files", count=len(values), field=FIELD)
        if not values or not isinstance(values[0], UploadFile):
            raise MissingFile(field=FIELD, fields=tuple(sorted(form.keys())))
        return await values[0].read()
    finally:
        await form.close()
