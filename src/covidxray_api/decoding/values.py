"""The one place through which attributes are read, whatever a file makes of them.

Archives hold decimal commas, text where numbers are due, blanks, lower case, several values where
one is due, and value representations of their own. pydicom converts on access and raises for many
of these; here the bytes are read as they stand, and what cannot be understood is absent.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Iterable
from typing import Any, TypeGuard

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises over damaged data sets. Only its own calls are guarded by it."""

_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8", "AT": "u2"}

_TEXT = {"AE", "AS", "CS", "DS", "IS", "LO", "LT", "SH", "ST", "UC", "UI", "UT"}


def raw(dataset: Dataset, keyword: str) -> tuple[str | None, Any]:
    """Return the stated VR of an attribute and its value, as bytes if it comes from a file."""
    element: RawDataElement | DataElement | None
    tag = Tag(keyword)
    try:
        element = dataset.get_item(tag) if tag in dataset else None
    except DAMAGE:
        return None, None
    if element is None:
        return None, None
    return element.VR, element.value


def little_endian(dataset: Dataset) -> bool:
    """Return whether the numbers of a data set are stored with their least byte first."""
    return dataset.original_encoding[1] is not False


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of an attribute in upper case, blanks made single; empty ones are kept.

    PS3.5 section 6.2: a backslash parts values, and a code string is padded with blanks.
    """
    _, value = raw(dataset, keyword)
    if value is None:
        return ()
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    parts = value.split("\\") if isinstance(value, str) else np.atleast_1d(np.array(value, object))
    return tuple(" ".join(str(part).replace("\0", " ").upper().split()) for part in parts)


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return the first value of an attribute that is not blank, as `texts` has it."""
    return next((value for value in texts(dataset, keyword) if value), None)


def numbers(dataset: Dataset, keyword: str) -> tuple[float | None, ...]:
    """Return the values of a numeric attribute; None stands where one is blank or no number."""
    vr, value = raw(dataset, keyword)
    if isinstance(value, bytes) and vr not in _TEXT:
        # Implicit VR: the dictionary tells text from numbers; what looks like digits is text.
        kind = _BINARY.get(vr or "", "" if keyword in _DECIMAL else "u2")
        if kind and len(value) % int(kind[1]) == 0:
            order = "<" if little_endian(dataset) else ">"
            return tuple(map(_finite, np.frombuffer(value, order + kind).tolist()))
    return tuple(_number(part) for part in texts(dataset, keyword))


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of a numeric attribute that is a number."""
    return next((value for value in numbers(dataset, keyword) if value is not None), None)


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return the first value of a numeric attribute as an integer."""
    value = number(dataset, keyword)
    return None if value is None else int(value)


def states_no_number(dataset: Dataset, keyword: str) -> bool:
    """Return whether an attribute is stated with text that is no plain number."""
    stated = [part for part in texts(dataset, keyword) if part]
    vr, value = raw(dataset, keyword)
    if isinstance(value, bytes) and vr in _BINARY:
        return False
    return any(_number(part) is None or "," in part for part in stated)


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none if it is absent, empty or no sequence."""
    if Tag(keyword) not in dataset:
        return []
    try:
        value = dataset[Tag(keyword)].value
    except DAMAGE:
        return []
    return [item for item in value if isinstance(item, Dataset)] if _is_list(value) else []


def _is_list(value: object) -> TypeGuard[Iterable[object]]:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


_DECIMAL = {
    "WindowCenter",
    "WindowWidth",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NumberOfFrames",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "CenterOfCircularShutter",
    "RadiusOfCircularShutter",
    "VerticesOfThePolygonalShutter",
}
"""Attributes whose VR is DS or IS (PS3.6), in files that do not state it."""

_DECIMAL_STRING = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?")


def _number(part: str) -> float | None:
    """Read a decimal string; a comma counts as its point, as viewers have it."""
    part = part.replace(",", ".") if part.count(",") == 1 and "." not in part else part
    return _finite(float(part)) if _DECIMAL_STRING.fullmatch(part) else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
