"""From a request to the bytes of one file, never holding more than the limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from fastapi import Request
from python_multipart.multipart import parse_options_header

from covidxray_api.api.form import Part, parts
from covidxray_api.errors import (
    BodyTooLarge,
    EmptyFile,
    InvalidRequest,
    MissingFile,
    UnsupportedFormat,
)

FIELD = "file"

MOST_FIELDS = 32
"""Most parts of a form beside files: more than there are parameters."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds."""

    files: list[Part]
    """The parts named `file`, in their order, without inputs in which nothing was chosen."""

    fields: list[tuple[str, str]]
    """The others, as parameters: name and value."""


def is_form(request: Request) -> bool:
    """Tell whether the body of a request is a form.

    Raises
    ------
    UnsupportedFormat
        If it has several parts and is no form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.startswith("multipart/") and media_type != "multipart/form-data":
        raise UnsupportedFormat("multipart", name=media_type)
    return media_type == "multipart/form-data"


async def read_form(request: Request, limit: int, most_files: int) -> Form:
    """Read a form.

    Parameters
    ----------
    request : Request
        See `is_form`.
    limit : int
        Most bytes of the body that are read.
    most_files : int
        Most files.

    Raises
    ------
    BodyTooLarge
        As soon as the body is known to have more bytes than `limit`.
    InvalidRequest
        If the form cannot be read, or has more files.
    """
    files: list[Part] = []
    fields: list[tuple[str, str]] = []
    unused = False
    async with aclosing(_bounded(request, limit)) as body:
        content_type = request.headers["content-type"]
        async for part in parts(content_type, body, most_files + MOST_FIELDS):
            if part.name != FIELD:
                fields.append((part.name, part.decoded().decode("utf-8", "replace")))
            elif part.is_unused_input:
                unused = True
            else:
                files.append(part)
    if not files and not unused:
        names = {name for name, _ in fields}
        raise MissingFile(field=FIELD, fields=tuple(sorted(names)))
    if len(files) > most_files:
        raise InvalidRequest("several_files", count=len(files), field=FIELD, most=most_files)
    return Form(files, fields)


async def read_related(
    request: Request, kinds: Sequence[str], limit: int, most: int
) -> tuple[str, list[Part]]:
    """Read a `multipart/related` body (RFC 2387).

    Parameters
    ----------
    request : Request
        The request.
    kinds : sequence of str
        Media types that its root may have.
    limit : int
        Most bytes of the body that are read.
    most : int
        Most parts.

    Returns
    -------
    tuple of str and list of Part
        The media type of the root, as the body or its first part states it, and all parts.

    Raises
    ------
    UnsupportedFormat
        If it is no such body, or its root is of another media type.
    BodyTooLarge
        As soon as the body is known to have more bytes than `limit`.
    InvalidRequest
        If it cannot be read, holds nothing, or has more parts.
    """
    content_type = request.headers.get("content-type", "")
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != b"multipart/related":
        raise UnsupportedFormat(
            "not_related", name=media_type.decode("latin-1"), kinds=tuple(kinds)
        )
    stated = options.get(b"type", b"").decode("latin-1")
    if stated and stated.lower() not in kinds:
        raise UnsupportedFormat("not_related", name=stated, kinds=tuple(kinds))
    async with aclosing(_bounded(request, limit)) as body:
        found = [part async for part in parts(content_type, body, most)]
    if not found:
        raise InvalidRequest("no_parts")
    root = (stated or found[0].kind).lower()
    if root not in kinds:
        raise UnsupportedFormat("not_related", name=root, kinds=tuple(kinds))
    return root, found


def file_of(form: Form) -> bytes:
    """Return the file of a form that has at most one.

    Raises
    ------
    EmptyFile
        If it has no bytes, or none was chosen.
    UnsupportedFormat, InvalidRequest
        See `Part.decoded`.
    """
    return content_of(form.files[0]) if form.files else _checked(b"")


def content_of(part: Part) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    EmptyFile
        If there are none.
    UnsupportedFormat, InvalidRequest
        See `Part.decoded`.
    """
    return _checked(part.decoded())


def _checked(data: bytes) -> bytes:
    if not data:
        raise EmptyFile()
    return data


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
    UnsupportedFormat
        If the body is encoded, or divided into parts, as is not read here.
    """
    if is_form(request):
        return file_of(await read_form(request, limit, most_files=1))
    return _checked(await read_body(request, limit))


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request.

    Parameters
    ----------
    request : Request
        The request.
    limit : int
        Most bytes that are read, and most that they may unpack to.

    Raises
    ------
    BodyTooLarge
        As soon as the body is known to have more bytes than `limit`.
    UnsupportedFormat, InvalidRequest
        If it is in a content encoding that is not read, or damaged.
    """
    async with aclosing(_bounded(request, limit)) as body:
        return b"".join([chunk async for chunk in body])


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body as it was before its content encoding (RFC 9110, section 8.4)."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge("declared", received=int(declared), limit=limit)
    body = _counted(request.stream(), limit)
    if coding in {"gzip", "x-gzip", "deflate"}:
        body = _counted(_unpacked(body, coding, limit), limit)
    elif coding not in {"", "identity"}:
        raise UnsupportedFormat("content_encoding", name=coding)
    async for chunk in body:
        yield chunk


async def _counted(body: AsyncIterator[bytes], limit: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > limit:
            raise BodyTooLarge(limit=limit)
        yield chunk


async def _unpacked(
    packed: AsyncIterator[bytes], coding: str, limit: int
) -> AsyncGenerator[bytes, None]:
    # 32 more than the window's bits: the header tells which of both it is.
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for chunk in packed:
            yield unpacker.decompress(chunk, limit + 1)
    except zlib.error as error:
        raise InvalidRequest("damaged_encoding", name=coding) from error
    if not unpacker.eof:
        raise InvalidRequest("damaged_encoding", name=coding)
