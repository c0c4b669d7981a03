"""Searches by DICOMweb (QIDO-RS): PS3.18, section 10.6."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Literal, Self

from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.tag import BaseTag, Tag

from covidxray_api.errors import InvalidRequest
from covidxray_api.hospital.matching import KEYS, Condition, condition
from covidxray_api.hospital.results_store import ResultsStore

Level = Literal["studies", "series", "instances"]
"""What is searched for."""

COLUMNS: Mapping[Level, str] = {"studies": "study", "series": "series", "instances": "instance"}
"""By which column of results one is told from another."""

CONTROLS: Final = ("limit", "offset", "includefield", "fuzzymatching")
"""Parameters that are no attributes (PS3.18, section 8.3.4)."""

MOST: Final = 1_000
"""Most matches of one answer."""

LITERAL: Final = (
    "The fuzzymatching parameter is not supported. Only literal matching has been performed."
)
MORE: Final = (
    "The number of results exceeded the maximum supported by the server. Additional results can be"
    " requested."
)
"""Warnings as PS3.18, sections 8.3.4.2 and 8.3.4.4, word them."""

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


@dataclass(frozen=True, slots=True)
class Search:
    """A search."""

    level: Level
    conditions: Sequence[Condition]
    fields: Sequence[BaseTag]
    """Attributes that are answered beside those that always are."""
    offset: int
    limit: int
    is_fuzzy: bool
    """Whether names that sound alike were asked for."""

    @classmethod
    def of(
        cls, level: Level, parameters: Iterable[tuple[str, str]], place: Mapping[str, str]
    ) -> Self:
        """Read a search.

        Parameters
        ----------
        level : {"studies", "series", "instances"}
            What is asked for.
        parameters : iterable of tuple
            Names and values of the query.
        place : mapping of str to str
            UIDs of the path, by column.

        Raises
        ------
        InvalidRequest
            If it asks by an attribute that is not searched by, for a value that it cannot have, or
            for no number.
        """
        conditions = [Condition(f"{column} = ?", (uid,)) for column, uid in place.items()]
        window, fields, is_fuzzy = {"offset": 0, "limit": MOST}, list[BaseTag](), False
        for name, value in parameters:
            if name in window:
                if not (value.isascii() and value.isdecimal()):
                    raise InvalidRequest("parameters", faults=f"{name}: {value!r} is no number")
                window[name] = min(int(value[:9]), MOST) if name == "limit" else int(value[:9])
            elif name == "includefield":
                fields += [_field(each) for each in value.split(",") if each not in {"", "all"}]
            elif name == "fuzzymatching":
                is_fuzzy = value == "true"
            elif (keyword := _keyword(name)) not in KEYS:
                known = tuple(sorted([*KEYS, *CONTROLS]))
                raise InvalidRequest("unexpected_parameter", name=name, known=known)
            elif value:
                conditions.append(condition(keyword, value))
        return cls(level, conditions, fields, window["offset"], window["limit"], is_fuzzy)

    def answered(
        self, store: ResultsStore, base: str
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """Return the matches in the DICOM JSON model, and the warnings about them.

        Parameters
        ----------
        store : ResultsStore
            Has the results.
        base : str
            URL of the studies.

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        column = COLUMNS[self.level]
        groups = store.search(column, self.conditions, self.offset, self.limit + 1)
        found = [
            {**_match(group, self.level, base).to_json_dict(), **self._included(store, group)}
            for group in groups[: self.limit]
        ]
        warnings = (LITERAL,) if self.is_fuzzy else ()
        return found, (*warnings, MORE) if len(groups) > self.limit == MOST else warnings

    def _included(self, store: ResultsStore, group: Sequence[Dataset]) -> dict[str, Any]:
        """Return the attributes that were asked for, as the first result has them."""
        if not self.fields:
            return {}
        data = store.get(str(group[0].SOPInstanceUID))
        one = dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=list(self.fields))
        found: dict[str, Any] = one.to_json_dict()
        return {tag: found[tag] for tag in (f"{each:08X}" for each in self.fields) if tag in found}


def _match(group: Sequence[Dataset], level: Level, base: str) -> Dataset:
    """Return what is always answered of a study, a series or an instance."""
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


def _field(name: str) -> BaseTag:
    """Return the tag of an attribute that is to be answered; of one in sequences, the outermost.

    Raises
    ------
    InvalidRequest
        If there is no such attribute.
    """
    outermost = name.partition(".")[0]
    tag = tag_for_keyword(_keyword(outermost))
    if tag is None:
        raise InvalidRequest("parameters", faults=f"includefield: {name!r} is no attribute")
    return Tag(tag)
