"""Multipart forms, part by part as they arrive (RFC 7578, RFC 2046 section 5.1)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import (
    MultipartParser,
    MultipartState,
    parse_options_header,
)

from covidxray_api.errors import InvalidRequest, UnsupportedFormat

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_PLAIN = {"", "binary", "8bit", "7bit"}
"""Transfer encodings that leave data as they are (RFC 2045, section 6.2)."""


@dataclass(slots=True)
class Part:
    """One part of a form, kept in memory: only a job writes uploads to the server's disk."""

    name: str = ""
    """Name of the field."""

    filename: str | None = None
    """Name of the file; none if the part states none."""

    media_type: str = ""
    """Its content type; empty if the part states none."""

    encoding: str = ""
    """How the data were encoded, lower case."""

    location: str = ""
    """Its Content-Location (RFC 2557, section 4.2); empty if it states none."""

    data: bytearray = field(default_factory=bytearray)
    """The data as they arrived."""

    @property
    def kind(self) -> str:
        """Its media type without parameters, lower case."""
        return self.media_type.partition(";")[0].strip().lower()

    @property
    def is_unused_input(self) -> bool:
        """Whether a browser sent it for an input in which no file was chosen."""
        return self.filename == "" and not self.data

    def decoded(self) -> bytes:
        """Return the data as they were meant.

        Raises
        ------
        UnsupportedFormat, InvalidRequest
            If they are in an encoding that is not read, or damaged.
        """
        if self.encoding in _PLAIN:
            return bytes(self.data)
        if self.encoding != "base64":
            raise UnsupportedFormat("transfer_encoding", name=self.encoding)
        try:
            return b64decode(self.data.translate(None, b"\r\n\t "), validate=True)
        except binascii.Error as error:
            raise InvalidRequest("damaged_encoding", name="base64") from error


class _Reader:
    """Hands out the parts that are complete."""

    def __init__(self, boundary: bytes) -> None:
        self.complete: list[Part] = []
        self._part = Part()
        self._name, self._value = b"", b""
        self._parser = MultipartParser(boundary, self._callbacks())
        # A line of its own, as is the beginning of the form.
        self._start, self._preamble = b"\n--" + boundary, b"\n"
        self.has_begun = False

    def write(self, chunk: bytes) -> None:
        """Take what has arrived."""
        if self.has_begun:
            self._parser.write(chunk)
            return
        # The parser knows no preamble (RFC 2046, section 5.1.1).
        before = self._preamble + chunk
        place = before.find(self._start)
        if place < 0:
            self._preamble = before[-len(self._start) :]
            return
        self.has_begun = True
        self._parser.write(before[place + 1 :])

    @property
    def has_ended(self) -> bool:
        return self._parser.state == MultipartState.END

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._part = Part()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name, self._name = self._name.lower(), b""
        value, self._value = self._value, b""
        if name == b"content-disposition":
            _, options = parse_options_header(value)
            self._part.name = _text(options.get(b"name", b""))
            if b"filename" in options:
                self._part.filename = _text(options[b"filename"])
        elif name == b"content-type":
            self._part.media_type = _text(value)
        elif name == b"content-location":
            self._part.location = _text(value).strip()
        elif name == b"content-transfer-encoding":
            self._part.encoding = _text(value).strip().lower()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._part.data += data[start:end]

    def _end(self) -> None:
        self.complete.append(self._part)


async def parts(content_type: str, body: AsyncIterator[bytes], most: int) -> AsyncIterator[Part]:
    """Yield the parts of a form.

    Parameters
    ----------
    content_type : str
        Value of the header, with the boundary.
    body : iterator of bytes
        The form as it arrives; a preamble and an epilogue are skipped.
    most : int
        Most parts that are read.

    Raises
    ------
    InvalidRequest
        If it is no such form, ends before it is complete, or has more parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise InvalidRequest("no_boundary")
    reader, count = _Reader(boundary), 0
    async for chunk in body:
        try:
            reader.write(chunk)
        except FormParserError as error:
            raise InvalidRequest("unreadable_form", fault=f"{error}.") from error
        while reader.complete:
            count += 1
            if count > most:
                raise InvalidRequest("many_parts", limit=most)
            yield reader.complete.pop(0)
    if not reader.has_begun:
        raise InvalidRequest("boundary_absent")
    if not reader.has_ended:
        raise InvalidRequest("form_ended")


def _text(name: bytes) -> str:
    """Read a name of a form; older clients write Latin-1 where UTF-8 is the rule."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")
