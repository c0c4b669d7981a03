"""Which image an answer is about: what a DICOM object of the same study copies from its source."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from typing import Final

import pydicom
from pydicom import DataElement, Dataset
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from covidxray_api.decoding import Limits
from covidxray_api.decoding.dicom import inflated
from covidxray_api.decoding.values import DAMAGE
from covidxray_api.errors import UnreadableImage

IDENTIFYING: Final = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
    "StudyID",
)
"""Attributes of patient and study (PS3.3, C.7.1.1 and C.7.2.1) that all objects of one study have
alike; a PACS files by them."""

_IMAGE: Final = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "InstanceNumber",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PixelSpacing",
    "PatientOrientation",
)

_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


class ImageReference:
    """An image in its study, opaque: no name in it is ever printed, logged or put into JSON.

    Parameters
    ----------
    source : Dataset
        The attributes that objects made of the image copy; with its four UIDs.
    """

    __slots__ = ("source",)

    def __init__(self, source: Dataset) -> None:
        self.source = source
        """For what writes DICOM objects of the same study, and for nothing else."""

    @classmethod
    def read(cls, data: bytes, limits: Limits) -> ImageReference:
        """Read the reference of a DICOM file; its pixels are not looked at.

        Parameters
        ----------
        data : bytes
            A whole file.
        limits : Limits
            Bounds on what is inflated.

        Raises
        ------
        UnreadableImage
            If it is no DICOM file, is damaged, or lacks one of the UIDs that place it in its study.
        UnsupportedFormat
            If it inflates too far.
        """
        source = Dataset()
        with warnings.catch_warnings():
            # Some quote what they warn of.
            warnings.simplefilter("ignore")
            try:
                found = pydicom.dcmread(
                    BytesIO(inflated(data, limits)),
                    stop_before_pixels=True,
                    force=True,
                    specific_tags=[
                        Tag(name) for name in ("SpecificCharacterSet", *IDENTIFYING, *_IMAGE)
                    ],
                )
                for name in (*IDENTIFYING, *_IMAGE):
                    _copy(found, name, source)
            except DAMAGE as error:
                raise UnreadableImage("data_set") from error
        for name in _UIDS:
            uid = str(source.get(name, ""))
            if len(uid) > 64 or not _UID.fullmatch(uid):
                raise UnreadableImage("no_uid", name=name)
        # Text of any language can stand beside what is copied.
        source.SpecificCharacterSet = "ISO_IR 192"
        return cls(source)

    def __repr__(self) -> str:
        return "ImageReference()"

    def place(self, made: Dataset) -> None:
        """Make an object one of the same patient and study."""
        for keyword in IDENTIFYING:
            made[keyword] = self.source[keyword]
        made.StudyInstanceUID = self.study

    @property
    def study(self) -> str:
        """Study Instance UID."""
        return str(self.source.StudyInstanceUID)

    @property
    def series(self) -> str:
        """Series Instance UID."""
        return str(self.source.SeriesInstanceUID)

    @property
    def instance(self) -> str:
        """SOP Instance UID."""
        return str(self.source.SOPInstanceUID)

    @property
    def sop_class(self) -> str:
        """SOP Class UID."""
        return str(self.source.SOPClassUID)


def _copy(found: Dataset, name: str, source: Dataset) -> None:
    """Copy an attribute that can be written again; what cannot be is as good as unknown."""
    vr = dictionary_VR(Tag(name))
    try:
        value = found.get(name)
        if vr == "PN" and value is not None:
            value = str(value)
        if name == "PatientSex" and value not in {"M", "F", "O", None}:
            value = None
        element = DataElement(Tag(name), vr, value, validation_mode=RAISE)
        if vr in {"DA", "TM"} and value:
            pydicom.valuerep.DA(value) if vr == "DA" else pydicom.valuerep.TM(value)
    except DAMAGE:
        element = DataElement(Tag(name), vr, None)
    if name in IDENTIFYING or not element.is_empty:
        source.add(element)
