"""Decoding: bytes → `Radiograph`. Limits are checked before pixels are allocated."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from covidxray_api.decoding import dicom, raster
from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.reduction import reduced
from covidxray_api.errors import EmptyFile, RadiographError, UnreadableImage, UnsupportedFormat
from covidxray_api.radiograph import Radiograph

__all__ = ["Limits", "decode"]

# First match wins: a DICOM file may carry a TIFF header in its preamble (PS3.10 section 7.1).
_DECODERS = (
    (dicom.sniff, dicom.decode),
    (raster.sniff, raster.decode),
)


def decode(data: bytes, limits: Limits) -> Radiograph:
    """Decode a file by its content; its name plays no part.

    Parameters
    ----------
    data : bytes
        A whole file: DICOM, PNG, JPEG, WebP, TIFF or BMP.
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
        If the bytes are of no format that is read here.
    TooManyPixels, ImageTooSmall
        If the header states a size outside the limits.
    UnreadableImage
        If the file is truncated or damaged.
    """
    if not data:
        raise EmptyFile()
    for sniff, decode_as in _DECODERS:
        if media_type := sniff(data):
            return _guarded(decode_as, data, media_type, limits)
    raise UnsupportedFormat(size=len(data))


def _guarded(
    decode_as: Callable[[bytes, str, Limits], Radiograph],
    data: bytes,
    media_type: str,
    limits: Limits,
) -> Radiograph:
    """Turn whatever a library raises over a damaged file into `UnreadableImage`."""
    try:
        # The libraries warn about every oddity of a file, and some warnings quote its values.
        # Threads may leave this filter in place after its block, which is as good.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL|pydicom")
            return reduced(decode_as(data, media_type, limits), limits.kept_side)
    except RadiographError:
        raise
    except Exception as error:
        raise UnreadableImage(media_type=media_type, size=len(data)) from error
