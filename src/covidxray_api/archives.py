"""ZIP and tar archives whose members are radiographs; nothing of them is unpacked to a disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from covidxray_api.errors import (
    BodyTooLarge,
    CovidXrayError,
    UnreadableImage,
    UnsupportedFormat,
)

DICOMDIR = "DICOMDIR"
"""Name of the directory of a DICOM file-set (PS3.10, section 8.6)."""

ZIP_ENTRY = b"PK\x01\x02"
"""How each entry of a ZIP archive's directory begins (APPNOTE 6.3.10, section 4.3.12)."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"

_TAR, _TAR_PLACE = b"ustar", 257
"""What a tar archive has in its first header since POSIX.1-1988, and where."""

_TAR_HEADERS = 2**20
"""Most bytes that stand before the data of a member of a tar archive: names and attributes."""

_CHUNK = 2**16

_UNPACKERS: dict[bytes, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    _GZIP: lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
"""What unpacks a tar archive, by how that begins."""

_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, ValueError),
)
"""What the standard library raises over an archive that it cannot read."""

Contents = bytes | CovidXrayError
"""What is in a radiograph's file, or why that cannot be had."""


class Allowance:
    """How much may be unpacked.

    Parameters
    ----------
    most : float
        Bytes.
    """

    def __init__(self, most: float = math.inf) -> None:
        self._most = self._left = most

    def take(self, data: bytes) -> bytes:
        """Return data that were unpacked.

        Raises
        ------
        BodyTooLarge
            If all together are more than may be.
        """
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLarge("unpacked", limit=int(self._most))
        return data


def is_archive(data: bytes) -> bool:
    """Return whether data are a ZIP or tar archive, or packed by gzip as that may be."""
    is_tar = data[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR
    return is_tar or data.startswith((*_ZIP, _GZIP))


def members(
    file: IO[bytes],
    limit: int,
    allowance: Allowance,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Iterator[tuple[str, Contents]]:
    """Yield the files in an archive by their names, and a nameless problem where it is damaged.

    Hidden files and a `DICOMDIR` are left out.

    Parameters
    ----------
    file : file
        A ZIP archive, which can be sought in, or a tar archive.
    limit : int
        Most bytes of a member, unpacked; more are a problem of that member.
    allowance : Allowance
        For all that is unpacked.
    wanted : callable
        Tells by the name of a member whether its bytes are needed.

    Raises
    ------
    BodyTooLarge
        If the allowance is spent.
    OSError
        If the file cannot be read.
    """
    buffered = io.BufferedReader(file)  # type: ignore[type-var]
    read = _zipped if buffered.peek(4).startswith(_ZIP) else _tarred
    try:
        yield from read(buffered, limit, allowance, wanted)
    except _DAMAGED:
        yield "", UnreadableImage("archive")
    finally:
        # It would close the file, which is the caller's.
        buffered.detach()


def _is_film(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in path.parts)
    return not hidden and "__MACOSX" not in path.parts and path.name != DICOMDIR


def _zipped(
    file: IO[bytes], limit: int, allowance: Allowance, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Contents]]:
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            name = entry.filename
            if entry.is_dir() or not _is_film(name) or not wanted(name):
                continue
            if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                yield name, UnsupportedFormat("member")
                continue
            try:
                with archive.open(entry) as member:
                    yield name, _contents(allowance.take(member.read(limit + 1)), limit)
            except RuntimeError:  # it is encrypted
                yield name, UnsupportedFormat("member")
            except _DAMAGED:
                yield name, UnreadableImage("archive")


def _tarred(
    file: io.BufferedReader[Any], limit: int, allowance: Allowance, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Contents]]:
    head = file.peek(8)
    unpackers = (unpack for begin, unpack in _UNPACKERS.items() if head.startswith(begin))
    unpack = next(unpackers, lambda file: file)
    stream = _TarStream(unpack(file), allowance)
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        while entry := archive.next():
            # The library would keep every header in memory.
            archive.members = []
            stream.headers_left = math.inf
            if entry.issparse():
                raise tarfile.ReadError
            linked = entry.islnk() or entry.issym()
            member = None if linked else archive.extractfile(entry)
            if member:
                if _is_film(entry.name) and wanted(entry.name):
                    yield entry.name, _contents(member.read(limit + 1), limit)
                while member.read(_CHUNK):
                    pass
            stream.headers_left = _TAR_HEADERS


class _TarStream:
    """A tar archive as it unpacks."""

    def __init__(self, file: io.BufferedIOBase, allowance: Allowance) -> None:
        self._file, self._allowance = file, allowance
        self.headers_left: float = _TAR_HEADERS
        """Bytes that may be read before the data of the next member."""

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        self.headers_left -= size
        if self.headers_left < 0:
            raise tarfile.ReadError
        return self._allowance.take(self._file.read(size))


def _contents(data: bytes, limit: int) -> Contents:
    return BodyTooLarge(limit=limit) if len(data) > limit else data


def printable(name: str) -> str:
    """Return a name in characters that every file can hold, whatever bytes name it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
