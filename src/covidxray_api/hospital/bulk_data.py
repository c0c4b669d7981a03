"""Instances whose metadata and bulk data travel apart: PS3.18, section 10.5.1.2."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pydicom import Dataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from covidxray_api.decoding.values import DAMAGE
from covidxray_api.errors import UnreadableImage, UnsupportedFormat

UNCOMPRESSED: Final = "application/octet-stream"

SYNTAXES: Mapping[str, tuple[UID, ...]] = {
    UNCOMPRESSED: (ExplicitVRLittleEndian,),
    "image/jpeg": (JPEGLosslessSV1, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless),
    "image/jls": (JPEGLSLossless, JPEGLSNearLossless),
    "image/jp2": (JPEG2000Lossless, JPEG2000),
    "image/jphc": (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
    "image/dicom-rle": (RLELossless,),
}
"""Transfer syntaxes by media type of pixels, the default first (PS3.18, table 8.7.3-2)."""

PIXEL_DATA = "7FE00010"


@dataclass(frozen=True, slots=True)
class BulkData:
    """One part with bulk data."""

    media_type: str
    transfer_syntax: str
    """As the parameter states it; empty if it does not."""
    data: bytes

    @property
    def syntax(self) -> UID:
        """The transfer syntax.

        Raises
        ------
        UnsupportedFormat
            If there is none of this name, or the media type has no such one.
        """
        known = SYNTAXES.get(self.media_type, ())
        for syntax in known:
            if self.transfer_syntax in {"", syntax}:
                return syntax
        name = self.transfer_syntax if known else self.media_type
        raise UnsupportedFormat("bulk_data", name=name, known=tuple(SYNTAXES))


def assembled(model: Mapping[str, Any], bulk: Mapping[str, BulkData]) -> bytes:
    """Return an instance as a file (PS3.10).

    Parameters
    ----------
    model : mapping
        Its metadata, in the JSON model (PS3.18, annex F).
    bulk : mapping of str to BulkData
        Bulk data by location.

    Raises
    ------
    UnreadableImage
        If the metadata are no data set, or bulk data that they refer to are not there.
    UnsupportedFormat
        If its pixels are of a media type that is not read.
    """
    syntax = ExplicitVRLittleEndian

    def fetched(tag: str, _: str, location: str) -> bytes:
        nonlocal syntax
        found = bulk.get(location)
        if found is None:
            raise UnreadableImage("no_bulk_data", tag=tag)
        if tag != PIXEL_DATA:
            return found.data
        syntax = found.syntax
        return encapsulate([found.data]) if syntax.is_compressed else found.data

    try:
        with warnings.catch_warnings():
            # Some quote what they warn of.
            warnings.simplefilter("ignore")
            dataset = Dataset.from_json(dict(model), fetched)
            dataset.ensure_file_meta()
            dataset.file_meta.TransferSyntaxUID = syntax
            file = BytesIO()
            dcmwrite(file, dataset, enforce_file_format=True)
    except DAMAGE as error:
        raise UnreadableImage("data_set") from error
    return file.getvalue()
