"""JPEG, JPEG 2000, PNG, WebP, TIFF, BMP, GIF and PGM; 8 bits by Pillow, more by imagecodecs."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from covidxray_api.decoding import codecs, deep, png, tiff
from covidxray_api.decoding.codestream import UnreadProcess, described
from covidxray_api.decoding.decoded import Decoded
from covidxray_api.decoding.limits import Limits
from covidxray_api.errors import UnreadableImage, UnsupportedFormat
from covidxray_api.radiograph import Radiograph

# Our limits are checked where Pillow would warn, and refuse sooner.
Image.MAX_IMAGE_PIXELS = None

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow raises over damaged files. Only its own calls are guarded by it."""

_ORIENTATION = 0x0112

_EXIF_IFD = 0x8769
_OF_A_CAMERA = {0x829A, 0x829D, 0x920A}
"""Exposure time, f-number and focal length (CIPA DC-008, table 8)."""


def decode(data: bytes, media_type: str, limits: Limits) -> Decoded:
    """Decode the first image of a raster file as it is meant to be seen, in gray.

    Colour becomes luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B). What has more than 8 bits is
    stretched over its own range.

    Parameters
    ----------
    data : bytes
        A whole file.
    media_type : str
        One of `formats.RASTERS`.
    limits : Limits
        Bounds on what is decoded.

    Returns
    -------
    Decoded
        With uint8 pixels of shape (height, width), turned upright by the Exif orientation; a
        large JPEG is decoded at a half, a quarter or an eighth of its size.

    Raises
    ------
    TooManyPixels, ImageTooSmall
        If the header states a size outside the limits.
    UnsupportedFormat
        If it uses a feature that is not read.
    UnreadableImage
        If the file is damaged, or values are not finite.
    """
    if media_type == "image/png":
        file = png.essential(data, limits)
        extra = ("first_frame_used",) if file.animated else ()
        if file.bits == 16:
            return _deep_png(file, media_type, extra)
        return _by_pillow(file.data, media_type, limits, extra)
    if media_type == "image/tiff" and (found := tiff.deep(data, limits)) is not None:
        extra = ("first_frame_used",) if found.several else ()
        return _shown(
            found.samples, found.alpha, media_type, found.orientation, extra, found.white_is_zero
        )
    if media_type in {"image/jp2", "image/j2c"} or (media_type == "image/jpeg" and _is_deep(data)):
        return _codestream(data, media_type, limits)
    return _by_pillow(data, media_type, limits)


def _by_pillow(
    data: bytes, media_type: str, limits: Limits, extra: tuple[str, ...] = ()
) -> Decoded:
    warnings: list[str] = []
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            size = image.height, image.width
    except _DAMAGE as error:
        raise UnreadableImage("damaged", media_type=media_type, size=len(data)) from error
    limits.check(*size)
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            # A JPEG can be decoded at a fraction of its size, by leaving out the finer terms of
            # its cosine transform. In colour it stores luma as a channel of its own: take that.
            image.draft(None if _stores_rgb(image) else "YCbCr", (limits.kept_side,) * 2)
            image.load()
            mode = image.mode
            if _tells_of_a_camera(image):
                warnings.append("taken_by_a_camera")
            ImageOps.exif_transpose(image, in_place=True)
            colour = _colour(image)
            if mode in {"I", "F"} or mode.startswith("I;16"):
                values = np.asarray(image)
                whole = mode != "F" and values.min() >= 0 and values.max() < 65536
                return _shown(values.astype(np.uint16) if whole else values, None, media_type)
            stored = np.asarray(image)
            pixels = _gray(image, warnings)
            if _has_second_frame(image):
                warnings.append("first_frame_used")
    except _DAMAGE as error:
        raise UnreadableImage("damaged", media_type=media_type, size=len(data)) from error
    said = tuple(dict.fromkeys((*warnings, *extra)))
    stated = {"format": media_type, "size": f"{size[1]} × {size[0]}", "mode": mode}
    radiograph = Radiograph(pixels, media_type, colour=colour, warnings=said)
    return Decoded(radiograph, stored, stated, ("luma" if stored.ndim == 3 else "as_stored",))


def _stores_rgb(image: Image.Image) -> bool:
    """Tell whether a JPEG stores RGB as it is (libjpeg, default_decompress_parms)."""
    layers = getattr(image, "layer", [])
    if image.format != "JPEG" or len(layers) != 3 or "jfif" in image.info:
        return False
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"] == 0)
    return [layer[0] for layer in layers] == [ord(letter) for letter in "RGB"]


def _is_deep(data: bytes) -> bool:
    """Return whether a JPEG has more than 8 bits, or is lossless: Pillow reads neither."""
    try:
        stated = described(data)
    except (ValueError, struct.error, UnreadProcess):
        return False
    return stated.bits > 8 or stated.kind == "jpeg_lossless"


def _codestream(data: bytes, media_type: str, limits: Limits) -> Decoded:
    try:
        stated = described(data)
    except (ValueError, struct.error) as error:
        raise UnreadableImage("codestream") from error
    limits.check(stated.rows, stated.columns)
    if stated.samples not in {1, 2, 3, 4} or stated.bits > 16:
        raise UnsupportedFormat("samples", samples=stated.samples)
    try:
        samples, _ = codecs.decoded(data, stated, True)
    except codecs.DAMAGE as error:
        raise UnreadableImage("codestream") from error
    except codecs.Incomplete as error:
        raise UnreadableImage("incomplete") from error
    if samples.shape[:2] != (stated.rows, stated.columns):
        raise UnreadableImage("codestream")
    layers = samples[..., None] if samples.ndim == 2 else samples
    alpha = layers[..., -1] if layers.shape[-1] in {2, 4} else None
    gray = layers[..., :3] if layers.shape[-1] >= 3 else np.ascontiguousarray(layers[..., 0])
    return _shown(gray, alpha, media_type)


def _deep_png(file: png.Png, media_type: str, extra: tuple[str, ...]) -> Decoded:
    try:
        samples = np.asarray(imagecodecs.png_decode(file.data))
        with Image.open(BytesIO(file.data), formats=("PNG",)) as image:
            orientation = int(image.getexif().get(_ORIENTATION, 1))
    except (imagecodecs.PngError, *_DAMAGE) as error:
        raise UnreadableImage("damaged", media_type=media_type, size=len(file.data)) from error
    layers = samples[..., None] if samples.ndim == 2 else samples
    alpha = layers[..., -1] if layers.shape[-1] in {2, 4} else None
    gray = layers[..., :3] if layers.shape[-1] >= 3 else np.ascontiguousarray(layers[..., 0])
    return _shown(gray, alpha, media_type, orientation, extra)


def _shown(
    samples: NDArray[np.number],
    alpha: NDArray[np.number] | None,
    media_type: str,
    orientation: int = 1,
    extra: tuple[str, ...] = (),
    white_is_zero: bool = False,
) -> Decoded:
    found = deep.shown(samples, alpha)
    # TIFF 6.0 section 8: photometric interpretation 0 is WhiteIsZero.
    pixels = 255 - found.pixels if white_is_zero else found.pixels
    image = Image.fromarray(pixels)
    image.getexif()[_ORIENTATION] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image))
    colour = 0.0
    if samples.ndim == 3:
        few = samples[:: max(1, samples.shape[0] // 64), :: max(1, samples.shape[1] // 64)]
        most = max(float(samples.max()), 1.0)
        colour = _colour(Image.fromarray((few / most * 255).clip(0, 255).astype(np.uint8)))
    radiograph = Radiograph(
        np.ascontiguousarray(upright),
        media_type,
        colour=colour,
        warnings=tuple(dict.fromkeys((*found.warnings, *extra))),
    )
    size = f"{samples.shape[1]} × {samples.shape[0]}"
    stated = {"format": media_type, "size": size, "values": str(samples.dtype)}
    return Decoded(radiograph, samples, stated, tuple(found.steps))


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
    """Bring any 8-bit mode of Pillow to gray, and note what had to be decided."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        least, most = image.getchannel("A").getextrema()
        if most == 0:
            # An alpha channel that was never written.
            warnings.append("transparency_ignored")
            image = image.convert("RGB")
        elif least != 255:
            warnings.append("transparency_on_black")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    if image.mode == "YCbCr":
        return np.asarray(image.getchannel("Y"))
    return np.asarray(image.convert("L"))


def _tells_of_a_camera(image: Image.Image) -> bool:
    """Return whether a file states how a camera exposed it: no radiograph does, nor a scan."""
    return not _OF_A_CAMERA.isdisjoint(image.getexif().get_ifd(_EXIF_IFD))


def _has_second_frame(image: Image.Image) -> bool:
    """Look one frame ahead, because counting all would walk through every page of a TIFF."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True
