"""JPEG, PNG, WebP, TIFF and BMP, by Pillow."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, TiffImageFile

from covidxray_api.decoding.limits import Limits
from covidxray_api.decoding.stretch import stretch
from covidxray_api.errors import UnreadableImage
from covidxray_api.radiograph import Radiograph

# Our limits are checked where Pillow would warn, and refuse sooner.
Image.MAX_IMAGE_PIXELS = None

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")

_SIGNATURES = {
    "image/jpeg": rb"\xff\xd8\xff",
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/webp": rb"RIFF.{4}WEBP",
    "image/tiff": rb"II[*+]\0|MM\0[*+]",
    # "BM" alone begins many a text: the length of the next header is one of seven.
    "image/bmp": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}",
}


def sniff(data: bytes) -> str | None:
    """Tell the media type of a raster file by its first bytes; none if it is no raster file."""
    for media_type, signature in _SIGNATURES.items():
        if re.match(signature, data, re.DOTALL):
            return media_type
    return None


def decode(data: bytes, media_type: str, limits: Limits) -> Radiograph:
    """Decode the first image of a raster file as it is meant to be seen, in gray.

    Colour becomes luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B). Colour of 16 bits a channel
    is read by its upper 8; gray beyond 8 bits is stretched over its own range.

    Parameters
    ----------
    data : bytes
        A whole file.
    media_type : str
        What `sniff` told.
    limits : Limits
        Bounds on what is decoded.

    Returns
    -------
    Radiograph
        With uint8 pixels of shape (height, width), turned upright by the Exif orientation; a
        large JPEG is decoded at a half, a quarter or an eighth of its size.

    Raises
    ------
    TooManyPixels, ImageTooSmall
        If the header states a size outside the limits.
    UnreadableImage
        If values are not finite. Damaged files raise whatever Pillow raises.
    """
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        limits.check(image.height, image.width)
        # Only a PNG decodes without complaint when its end is missing: this reads all its chunks.
        image.verify()
    warnings: list[str] = []
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        # A JPEG can be decoded at a fraction of its size, by leaving out the finer terms of its
        # cosine transform. In colour it stores luma as a channel of its own: take that.
        image.draft("YCbCr", (limits.kept_side, limits.kept_side))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        colour = _colour(image)
        pixels = _gray(image, warnings)
        if _has_second_frame(image):
            warnings.append("first_frame_used")
    return Radiograph(pixels, media_type, colour=colour, warnings=tuple(warnings))


def _colour(image: Image.Image) -> float:
    """Return how far colours spread; see `Radiograph.colour`."""
    if len(image.getbands()) < 3 and image.mode != "P":
        return 0.0
    # A few thousand pixels tell as much as millions.
    few = image.resize((64, 64), Image.Resampling.NEAREST)
    if few.mode not in {"RGB", "YCbCr"}:
        few = few.convert("RGB")
    differences = np.asarray(few.convert("YCbCr"), dtype=np.float32)[..., 1:]
    return float(np.hypot(*differences.std(axis=(0, 1))))


def _gray(image: Image.Image, warnings: list[str]) -> NDArray[np.uint8]:
    """Bring any mode of Pillow to 8-bit gray, and note what had to be decided."""
    if image.mode.startswith("I;16"):
        warnings.append("sixteen_bit_rescaled")
        return _stretched(image)
    if image.mode in {"I", "F"}:
        warnings.append("wide_values_rescaled")
        return _stretched(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            warnings.append("transparency_on_black")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    if image.mode == "YCbCr":
        return np.asarray(image.getchannel("Y"))
    return np.asarray(image.convert("L"))


def _stretched(image: Image.Image) -> NDArray[np.uint8]:
    """Map the least value to 0 and the greatest to 255."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise UnreadableImage("not_finite")
    pixels = stretch(values)
    # TIFF 6.0 section 8: photometric interpretation 0 is WhiteIsZero. Pillow turns 8 bits only.
    if isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0:
        return 255 - pixels
    return pixels


def _has_second_frame(image: Image.Image) -> bool:
    """Look one frame ahead, because counting all would walk through every page of a TIFF."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True
