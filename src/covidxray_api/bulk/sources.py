"""Where films lie: in folders, behind patterns, in manifests, studies, archives and stores."""

from __future__ import annotations

import csv
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pydicom
from pydicom.errors import InvalidDicomError

from covidxray_api import archives
from covidxray_api.archives import DICOMDIR, Allowance, Contents, printable
from covidxray_api.errors import BodyTooLarge, FileUnavailable

COLUMN = "file"
"""Column of a manifest in CSV that names the files."""

MANIFESTS = (".csv", ".txt")
"""How the names of manifests end."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""How the names of files end whose members are films."""


@dataclass(frozen=True, slots=True)
class Film:
    """Where one film lies."""

    path: str
    """The file, or the archive that holds it."""

    member: str = ""
    """Its name in the archive; empty for a file."""

    def shown(self) -> Film:
        """Return the same in characters that every file can hold, whatever bytes name it."""
        return Film(printable(self.path), printable(self.member))


def find(sources: Iterable[str]) -> Iterator[str]:
    """Yield the files of sources, each source in the order of names.

    Parameters
    ----------
    sources : iterable of str
        Each a file; a folder, with all that it holds but hidden files and a `DICOMDIR`; a pattern
        (`glob`, with `**`); a manifest (`.txt`, a file a line; `.csv`, with a column `file`;
        relative to its folder); the `DICOMDIR` of a study; or an address that fsspec opens.
    """
    for source in sources:
        if is_address(source):
            yield from _stored(source)
        elif glob.has_magic(source) and not Path(source).exists():
            # Path.glob takes no absolute pattern.
            for each in sorted(glob.glob(source, recursive=True)):  # noqa: PTH207
                yield from _files(each)
        else:
            yield from _files(source)


def is_address(source: str) -> bool:
    """Return whether a source is an address for fsspec, as `s3://bucket/films`."""
    return "://" in source


def is_archive(path: str) -> bool:
    """Return whether a file's members are films, by its name."""
    return path.lower().endswith(ARCHIVES)


def read(path: str, limit: int) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    path : str
        A path or an address.
    limit : int
        Most bytes of a film.

    Raises
    ------
    FileUnavailable
        If it cannot be read.
    BodyTooLarge
        If it has more bytes.
    """
    try:
        with _opened(path) as file:
            return _bounded(file, limit)
    except OSError as error:
        raise FileUnavailable(fault=error.strerror or str(error)) from error


def members(
    path: str, limit: int, wanted: Callable[[Film], bool]
) -> Iterator[tuple[Film, Contents]]:
    """Yield the films in an archive with their bytes; the archive itself where it is damaged.

    Parameters
    ----------
    path : str
        A ZIP or tar file; see `archives.members`.
    limit : int
        Most bytes of a film, unpacked.
    wanted : callable
        Tells of a film whether its bytes are needed.
    """
    try:
        with _opened(path) as file:
            found = archives.members(file, limit, Allowance(), lambda it: wanted(Film(path, it)))
            for name, contents in found:
                if name or wanted(Film(path)):
                    yield Film(path, name), contents
    except OSError as error:
        if wanted(Film(path)):
            yield Film(path), FileUnavailable(fault=error.strerror or str(error))


def _bounded(file: IO[bytes], limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise BodyTooLarge(limit=limit)
    return data


def _opened(path: str) -> IO[bytes]:
    if not is_address(path):
        return Path(path).open("rb")
    import fsspec

    opened: IO[bytes] = fsspec.open(path, "rb").open()
    return opened


def _stored(address: str) -> Iterator[str]:
    import fsspec

    store, root = fsspec.core.url_to_fs(address)
    for path in store.find(root):
        yield store.unstrip_protocol(path)


def _files(source: str) -> Iterator[str]:
    path = Path(source)
    if path.is_dir():
        yield from _walk(source)
    elif path.name == DICOMDIR:
        yield from _file_set(path)
    elif path.suffix in MANIFESTS:
        yield from _manifest(path)
    else:
        yield source


def _walk(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name != DICOMDIR:
                yield os.path.join(place, name)  # noqa: PTH118 - a million paths


def _manifest(manifest: Path) -> Iterator[str]:
    with manifest.open(encoding="utf-8-sig", newline="") as file:
        lines = (
            (row[COLUMN] for row in csv.DictReader(file))
            if manifest.suffix == ".csv"
            else (line.strip() for line in file)
        )
        for line in lines:
            if line:
                yield line if is_address(line) else str(manifest.parent / line)


def _file_set(directory: Path) -> Iterator[str]:
    for record in pydicom.dcmread(directory).DirectoryRecordSequence:
        if named := record.get("ReferencedFileID"):
            parts = [named] if isinstance(named, str) else named
            yield str(directory.parent.joinpath(*parts))


def check(sources: Iterable[str]) -> None:
    """Refuse sources that cannot be meant, before a long job.

    Raises
    ------
    FileUnavailable
        If one has no file, or is a manifest or a directory of a study that cannot be read.
    """
    for source in sources:
        try:
            first = next(find([source]), None)
        except (OSError, ValueError, KeyError, InvalidDicomError) as error:
            raise FileUnavailable("source", path=source, fault=str(error)) from error
        there = first and (is_address(source) or first != source or Path(first).exists())
        if not there:
            raise FileUnavailable("source", path=source, fault="no file")
