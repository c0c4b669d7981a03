"""Searches by DICOMweb (QIDO-RS): PS3.18, section 10.6."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.tag import Tag

from covidxray_api.errors import InvalidRequest
from covidxray_api.hospital.results_store import COLUMNS

Level = Literal["studies", "series", "instances"]
"""What is searched for."""

UNIQUE: Mapping[Level, str] = {
    "studies": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instances": "SOPInstanceUID",
}
"""The attribute that tells one from another."""

KEYS: Mapping[str, str] = {
    **{keyword: name for name, keyword in COLUMNS.items()},
    "ModalitiesInStudy": "modality",
}
"""Attributes that can be searched by, with their columns."""

IGNORED: Final = ("includefield", "fuzzymatching")
"""Parameters that change nothing: all that is known is answered, and matching is literal."""

MOST: Final = 1_000
"""Most matches of one answer."""

_OF_SERIES = ("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber")
_OF_INSTANCE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
)


def wanted(parameters: Iterable[tuple[str, str]]) -> tuple[dict[str, str], int, int]:
    """Return what a search asks for: patterns by column, the first match, and how many.

    Raises
    ------
    InvalidRequest
        If it asks by an attribute that is not searched by, or for no number.
    """
    patterns: dict[str, str] = {}
    window = {"offset": 0, "limit": MOST}
    for name, value in parameters:
        if name in window:
            if not value.isdecimal():
                raise InvalidRequest("parameters", faults=f"{name}: {value!r} is no number")
            window[name] = int(value)
            continue
        if name in IGNORED:
            continue
        keyword = _keyword(name)
        if keyword not in KEYS:
            known = tuple(sorted([*KEYS, *window, *IGNORED]))
            raise InvalidRequest("unexpected_parameter", name=name, known=known)
        if value:
            patterns[KEYS[keyword]] = value
    return patterns, window["offset"], min(window["limit"], MOST)


def matches(found: Sequence[Dataset], level: Level, base: str) -> list[dict[str, Any]]:
    """Return the studies, series or instances of results, in the DICOM JSON model.

    Parameters
    ----------
    found : sequence of Dataset
        What the store says of the results.
    level : {"studies", "series", "instances"}
        What is asked for.
    base : str
        URL of the studies.
    """
    groups: dict[str, list[Dataset]] = {}
    for one in found:
        groups.setdefault(str(one[UNIQUE[level]].value), []).append(one)
    return [_match(group, level, base).to_json_dict() for group in groups.values()]


def _match(group: Sequence[Dataset], level: Level, base: str) -> Dataset:
    match = Dataset()
    match.update(group[0])
    url = f"{base}/{match.StudyInstanceUID}"
    match.InstanceAvailability = "ONLINE"
    if level == "studies":
        for name in (*_OF_SERIES, *_OF_INSTANCE):
            match.pop(Tag(name), None)
        match.ModalitiesInStudy = sorted({one.Modality for one in group})
        match.NumberOfStudyRelatedSeries = len({one.SeriesInstanceUID for one in group})
        match.NumberOfStudyRelatedInstances = len(group)
        match.RetrieveURL = url
        return match
    url += f"/series/{match.SeriesInstanceUID}"
    if level == "series":
        for name in _OF_INSTANCE:
            match.pop(Tag(name), None)
        match.NumberOfSeriesRelatedInstances = len(group)
    else:
        url += f"/instances/{match.SOPInstanceUID}"
    match.RetrieveURL = url
    return match


def _keyword(name: str) -> str:
    """Return the keyword of an attribute that is named by it or by its eight digits."""
    try:
        return keyword_for_tag(Tag(int(name, 16))) if len(name) == 8 else name
    except ValueError:
        return name
