"""How searches match attributes: PS3.18, section 8.3.4.1, and PS3.4, section C.2.2.2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from covidxray_api.errors import InvalidRequest

KEYS: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "Modality",
    "SOPInstanceUID",
    "SOPClassUID",
    "InstanceNumber",
)
"""Attributes that can be searched by."""

_PLACES: Mapping[str, str] = {
    "StudyInstanceUID": "study",
    "SeriesInstanceUID": "series",
    "SOPInstanceUID": "instance",
}
"""Columns of the UIDs by which results are kept."""

_RANGE = {
    "DA": re.compile(r"(\d{8})?-(\d{8})?|\d{8}"),
    "TM": re.compile(r"(\d{2,6}(\.\d{1,6})?)?-(\d{2,6}(\.\d{1,6})?)?|\d{2,6}(\.\d{1,6})?"),
}
"""What dates and times are matched with: one, or two with a hyphen between, either open."""

_UIDS = re.compile(r"[0-9.]+([,\\][0-9.]+)*")


class Condition(NamedTuple):
    """A condition in SQL on the rows of results, and the values of its parameters."""

    sql: str
    values: tuple[str, ...]


def condition(keyword: str, wanted: str) -> Condition:
    """Return what an attribute has to be.

    Dates and times match within ranges, UIDs match any of a list, other text matches with ``*`` and
    ``?`` for other characters; case counts.

    Parameters
    ----------
    keyword : str
        One of `KEYS`.
    wanted : str
        What it is matched with, not empty.

    Raises
    ------
    InvalidRequest
        If it can be no value of this attribute.
    """
    vr = dictionary_VR(keyword)
    if wanted == "*":
        return Condition("1", ())
    if keyword == "ModalitiesInStudy":
        # Of the whole study, whichever of its results is looked at.
        inner = _matching(_value("Modality"), vr, wanted)
        studies = f"SELECT study FROM result WHERE {inner.sql}"  # noqa: S608  # nosec B608
        return Condition(f"study IN ({studies})", inner.values)
    if (pattern := _RANGE.get(vr)) and (not pattern.fullmatch(wanted) or wanted == "-"):
        raise InvalidRequest("parameters", faults=f"{keyword}: {wanted!r} is no range of {vr}")
    if vr == "UI" and not _UIDS.fullmatch(wanted):
        raise InvalidRequest("parameters", faults=f"{keyword}: {wanted!r} is no list of UIDs")
    return _matching(_PLACES.get(keyword) or _value(keyword), vr, wanted)


def _matching(value: str, vr: str, wanted: str) -> Condition:
    match vr:
        case "UI":
            uids = tuple(re.split(r"[,\\]", wanted))
            return Condition(f"{value} IN ({','.join('?' * len(uids))})", uids)
        case "DA" | "TM":
            first, hyphen, last = wanted.partition("-")
            # "~" follows all digits: a time without seconds ends with its minute.
            within = (first or "0", f"{last if hyphen else first}~")
            return Condition(f"{value} BETWEEN ? AND ?", within)
        case "IS":
            return Condition(f"{value} = ?", (wanted,))
    literal = wanted.replace("[", "[[]")
    return Condition(f"{value} GLOB ?", (literal.rstrip("^") if vr == "PN" else literal,))


def _value(keyword: str) -> str:
    """Return an attribute in the DICOM JSON model of a result, as text (PS3.18, section F.2.2)."""
    part = ".Alphabetic" if dictionary_VR(keyword) == "PN" else ""
    found = f"""json_extract(attributes, '$."{int(Tag(keyword)):08X}".Value[0]{part}')"""
    return f"CAST(coalesce({found}, '') AS TEXT)"
