"""TIFF that Pillow does not read as it is meant: beyond 8 bits, signed, real, BigTIFF."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from covidxray_api.decoding.limits import Limits
from covidxray_api.errors import UnreadableImage, UnsupportedFormat

# tifffile logs what it finds odd.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What tifffile raises over damaged tags."""

_CODEC = (imagecodecs.TiffError, ValueError, NotImplementedError, IndexError, RuntimeError)


@dataclass(frozen=True, slots=True)
class _Page:
    height: int
    width: int
    samples: int
    bits: int
    signed_or_real: bool
    white_is_zero: bool
    colour: bool
    alpha: bool
    orientation: int
    pages: bool
    big: bool


@dataclass(frozen=True, slots=True)
class Deep:
    """Samples as they are stored."""

    samples: NDArray[Any]
    """Shape (height, width) or (height, width, 3)."""
    alpha: NDArray[Any] | None
    white_is_zero: bool
    orientation: int
    """As Exif numbers it (TIFF 6.0, tag 274)."""
    several: bool
    """Whether another image follows."""


def deep(data: bytes, limits: Limits) -> Deep | None:
    """Decode the first image of a file; none where Pillow reads it right.

    Raises
    ------
    TooManyPixels, ImageTooSmall
        If the tags state a size outside the limits.
    UnreadableImage
        If the file is damaged.
    UnsupportedFormat
        If it holds no gray and no RGB.
    """
    page = _page(data)
    limits.check(page.height, page.width)
    if page.bits <= 8 and not page.signed_or_real and not page.big:
        return None
    if page.samples * page.bits > 4 * 64:
        raise UnsupportedFormat("samples", samples=page.samples)
    try:
        found = np.asarray(imagecodecs.tiff_decode(data, index=0))
    except _CODEC as error:
        raise UnreadableImage("tiff") from error
    found = found.reshape(found.shape[-3:]) if found.ndim > 3 else found
    if found.ndim == 3 and found.shape[:2] != (page.height, page.width):
        found = np.moveaxis(found, 0, -1)
    if found.shape[:2] != (page.height, page.width) or found.dtype.kind not in "uif":
        raise UnreadableImage("tiff")
    if found.dtype == np.float16:
        found = found.astype(np.float32)
    colours = 3 if page.colour else 1
    layers = found[..., None] if found.ndim == 2 else found
    if layers.shape[-1] < colours:
        raise UnreadableImage("tiff")
    alpha = layers[..., colours] if page.alpha and layers.shape[-1] > colours else None
    samples = layers[..., :3] if page.colour else np.ascontiguousarray(layers[..., 0])
    return Deep(samples, alpha, page.white_is_zero, page.orientation, page.pages)


def _page(data: bytes) -> _Page:
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            page = file.pages.first
            several = _has_second(file)
            bits = page.bitspersample
            formats = page.sampleformat
            orientation = page.tags.get(274)
            photometric = int(page.photometric)
            return _Page(
                height=int(page.imagelength),
                width=int(page.imagewidth),
                samples=int(page.samplesperpixel),
                bits=int(np.max(bits)),
                signed_or_real=any(kind not in {1, 4} for kind in np.atleast_1d(formats)),
                white_is_zero=photometric == 0,
                colour=photometric == 2,
                alpha=any(int(extra) in {1, 2} for extra in page.extrasamples)
                or (photometric <= 1 and page.samplesperpixel == 2)
                or (photometric == 2 and page.samplesperpixel == 4),
                orientation=int(orientation.value) if orientation else 1,
                pages=several,
                big=file.is_bigtiff,
            )
    except _DAMAGE as error:
        raise UnreadableImage("tiff") from error


def _has_second(file: tifffile.TiffFile) -> bool:
    try:
        file.pages[1]
    except IndexError:
        return False
    return True
