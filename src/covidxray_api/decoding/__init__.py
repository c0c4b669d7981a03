"""Decoding: bytes → `Radiograph`. Limits are checked before pixels are allocated."""

from __future__ import annotations

import warnings

from covidxray_api.decoding import dicom, raster
from covidxray_api.decoding.decoded import Decoded
from covidxray_api.decoding.formats import encoding_name, media_type_of, unread_name
from covidxray_api.decoding.levels import Levels, levels_of
from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.reduction import reduced
from covidxray_api.errors import EmptyFile, UnsupportedFormat
from covidxray_api.radiograph import Radiograph

__all__ = ["Decoded", "Levels", "Limits", "decode", "inspect", "levels_of"]

# First match wins: a DICOM file may carry a TIFF header in its preamble (PS3.10 section 7.1).
_DECODERS = (
    (dicom.sniff, dicom.decode),
    (media_type_of, raster.decode),
)


def decode(data: bytes, limits: Limits) -> Radiograph:
    """Decode a file by its content; its name plays no part.

    Parameters
    ----------
    data : bytes
        A whole file, of a format of docs/formats.md.
    limits : Limits
        Bounds on what is decoded.

    Returns
    -------
    Radiograph
        With uint8 pixels of shape (height, width), 0 black; large images are reduced, see
        `reduced`.

    Raises
    ------
    EmptyFile
        If there are no bytes.
    UnsupportedFormat
        If the bytes are of no format that is read here, or use a feature of it that is not.
    TooManyPixels, ImageTooSmall
        If the header states a size outside the limits.
    UnreadableImage
        If the file is truncated or damaged.
    """
    return reduced(inspect(data, limits).radiograph, limits.kept_side)


def inspect(data: bytes, limits: Limits) -> Decoded:
    """Decode a file as `decode` does, but unreduced, and beside it what the file holds."""
    if not data:
        raise EmptyFile()
    for sniff, decode_as in _DECODERS:
        if media_type := sniff(data):
            # The libraries warn about every oddity of a file, and some warnings quote its values.
            # Threads may leave this filter in place after its block, which is as good.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module=r"PIL|pydicom|tifffile")
                return decode_as(data, media_type, limits)
    if name := unread_name(data):
        raise UnsupportedFormat("known", name=name)
    if name := encoding_name(data):
        raise UnsupportedFormat("encoded", name=name)
    raise UnsupportedFormat(size=len(data))
