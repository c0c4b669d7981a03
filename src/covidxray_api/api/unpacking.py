"""The files of a form, and in place of an archive those that it holds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from covidxray_api.api.form import Part
from covidxray_api.api.upload import content_of
from covidxray_api.archives import (
    ZIP_ENTRY,
    Allowance,
    Contents,
    is_archive,
    members,
    printable,
)
from covidxray_api.errors import CovidXrayError, EmptyFile, InvalidRequest, UnreadableImage
from covidxray_api.settings import Settings

RATIO = 100
"""Bytes to which one of an archive may unpack: the pixels of radiographs do not pack so well."""


def unpacked(files: Sequence[Part], settings: Settings) -> Iterator[tuple[str | None, Contents]]:
    """Yield the name and the bytes of each file, or why they cannot be had, in the order of a form.

    A member of an archive is named by both, as `study.zip/IM0001`.

    Parameters
    ----------
    files : sequence of Part
        The parts of the form; each gives its data away.
    settings : Settings
        How many files a job may have, and of how many bytes.

    Raises
    ------
    BodyTooLarge, InvalidRequest
        If archives hold more than a job may have.
    """
    sent = sum(len(part.data) for part in files)
    most = min(settings.jobs_max_bytes, max(settings.max_body_bytes, RATIO * sent))
    allowance, left = Allowance(most), settings.jobs_max_files
    for part in files:
        for name, contents in _files_of(part, settings, allowance):
            left -= 1
            if left < 0:
                raise InvalidRequest("many_members", most=settings.jobs_max_files)
            yield name, contents


def _files_of(
    part: Part, settings: Settings, allowance: Allowance
) -> Iterator[tuple[str | None, Contents]]:
    try:
        data, part.data = content_of(part), bytearray()
    except CovidXrayError as error:
        yield part.filename, error
        return
    if not is_archive(data):
        yield part.filename, data
        return
    if data.count(ZIP_ENTRY) > settings.jobs_max_files:
        # Before its directory takes more memory than the archive.
        raise InvalidRequest("many_members", most=settings.jobs_max_files)
    is_empty = True
    try:
        for name, contents in members(io.BytesIO(data), settings.max_body_bytes, allowance):
            is_empty = False
            yield "/".join(filter(None, (part.filename, printable(name)))) or None, contents
    except OSError:
        yield part.filename, UnreadableImage("archive")
        return
    if is_empty:
        yield part.filename, EmptyFile("archive")
