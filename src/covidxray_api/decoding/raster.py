"""JPEG, PNG, WebP, TIFF and BMP → `Radiograph`."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.stretch import stretch
from covidxray_api.errors import UnreadableImage, UnsupportedFormat
from covidxray_api.radiograph import Radiograph

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")


def decode_raster(data: bytes, limits: Limits) -> Radiograph:
    """Decode an image file.

    Colours become gray by the luma of ITU-R BT.601-7, section 2.5.1; transparent areas lie on
    black; EXIF orientation (CIPA DC-008, tag 0x0112) is applied; values of more than 8 bits are
    stretched from their darkest and brightest to 0–255.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits
        Checked from the header, before pixels are allocated.

    Raises
    ------
    UnsupportedFormat
        If the content is none of the five formats.
    UnreadableImage
        If it is truncated or damaged.
    ImageTooSmall, TooManyPixels
        If its size is out of bounds.
    """
    # A file that is odd but readable, or large but within our own limit, is no reason to warn.
    with warnings.catch_warnings(action="ignore"):
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.UnidentifiedImageError as error:
            raise UnsupportedFormat(
                "The content is no DICOM, JPEG, PNG, WebP, TIFF or BMP image."
            ) from error
        except Exception as error:
            raise UnreadableImage(f"The header cannot be read: {error}") from error
        limits.check(image.height, image.width)
        media_type = Image.MIME[str(image.format)]
        notes = ["first_frame_used"] if getattr(image, "n_frames", 1) > 1 else []
        try:
            pixels = _gray(ImageOps.exif_transpose(image), notes)
        except Exception as error:
            raise UnreadableImage(f"The {image.format} image is damaged: {error}") from error
    return Radiograph(pixels, media_type, warnings=tuple(notes))


def _gray(image: Image.Image, notes: list[str]) -> NDArray[np.uint8]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        notes.append("sixteen_bit_rescaled")
        return stretch(np.asarray(image))
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        alpha = layered.getchannel("A")
        if alpha.getextrema()[0] < 255:
            notes.append("transparency_on_black")
        image = Image.composite(layered.convert("RGB"), Image.new("RGB", image.size), alpha)
    return np.array(image.convert("L"))
