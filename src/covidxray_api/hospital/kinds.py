"""The kinds of DICOM objects that are made of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from pydicom.uid import (
    Comprehensive3DSRStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

Kind = Literal["structured_report", "secondary_capture", "segmentation"]
"""What is made of an answer, as a DICOM object."""

EVERY: Final[frozenset[Kind]] = frozenset(get_args(Kind))

SOP_CLASSES: Mapping[str, Kind] = {
    Comprehensive3DSRStorage: "structured_report",
    SecondaryCaptureImageStorage: "secondary_capture",
    SegmentationStorage: "segmentation",
}
"""What an object is, by its SOP class."""
