"""The formats and DICOM transfer syntaxes that are read: the table of docs/formats.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)


@dataclass(frozen=True, slots=True)
class Raster:
    """A format that states no clinical facts."""

    name: str
    signature: bytes
    """Regular expression for how files begin."""
    features: str
    """What of it is read."""
    library: str


RASTERS: Mapping[str, Raster] = {
    "image/jpeg": Raster(
        "JPEG",
        rb"\xff\xd8\xff(?!\xf7)",
        "baseline, progressive, lossless; 8 and 12 bits; gray, YCbCr, RGB, CMYK",
        "Pillow; imagecodecs (libjpeg-turbo) for 12 bits and lossless",
    ),
    "image/png": Raster(
        "PNG",
        rb"\x89PNG\r\n\x1a\n",
        "1 to 16 bits; gray, colour, palette, alpha",
        "Pillow; imagecodecs (libpng) for 16 bits",
    ),
    "image/webp": Raster("WebP", rb"RIFF.{4}WEBP", "lossy, lossless, alpha", "Pillow"),
    "image/tiff": Raster(
        "TIFF",
        rb"II[*+]\0|MM\0[*+]",
        "BigTIFF and either byte order; integers of 1 to 32 bits with a sign or without,"
        " floating point of 16 to 64; gray, RGB, alpha; 8 bits also CMYK and palette",
        "Pillow; tifffile and imagecodecs (libtiff) beyond 8 bits",
    ),
    # "BM" alone begins many a text: the length of the next header is one of seven.
    "image/bmp": Raster(
        "BMP", rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}", "all versions, alpha", "Pillow"
    ),
    "image/gif": Raster("GIF", rb"GIF8[79]a", "the first image", "Pillow"),
    "image/x-portable-anymap": Raster(
        "PGM, PPM", rb"P[2356][\s#]\s*[\d#]", "text and binary, 8 and 16 bits", "Pillow"
    ),
    "image/jp2": Raster(
        "JPEG 2000 in boxes",
        rb"\0\0\0\x0cjP  \r\n\x87\n",
        "up to 16 bits; gray, RGB, alpha",
        "imagecodecs (OpenJPEG)",
    ),
    "image/j2c": Raster(
        "JPEG 2000 codestream",
        rb"\xff\x4f\xff\x51",
        "up to 16 bits; gray, RGB, alpha",
        "imagecodecs (OpenJPEG)",
    ),
}
"""By media type."""

UNREAD: Mapping[str, bytes] = {
    "PDF": rb"%PDF-",
    "HEIC": rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    "AVIF": rb".{4}ftypavi[fs]",
    "JPEG XL": rb"\xff\x0a|\0{3}\x0cJXL ",
    "ZIP": rb"PK\x03\x04",
    "gzip": rb"\x1f\x8b",
    "NIfTI": rb"\x5c\x01\0\0.{340}n[i+]1",
    "NRRD": rb"NRRD000",
    "SVG": rb"\s*(?:<\?xml[^>]*>\s*)?<svg",
    "JPEG-LS": rb"\xff\xd8\xff\xf7",
}
"""How files of formats begin that are known and not read, so that a refusal can name them."""

ENCODED: Mapping[str, bytes] = {
    "JSON": rb"\s*\{\s*\"",
    # The beginnings of JPEG, PNG, WebP, TIFF and GIF, and of a data URL.
    "base64 text": rb"data:[\w.+-]*/?[\w.+-]*[,;]|/9j/|iVBORw0KGgo|UklGR|SUkq|TU0AK|R0lGOD",
}
"""How texts begin in which there may be an image."""

TRANSFER_SYNTAXES: Mapping[UID, str] = {
    ImplicitVRLittleEndian: "NumPy",
    ExplicitVRLittleEndian: "NumPy",
    ExplicitVRBigEndian: "NumPy",
    DeflatedExplicitVRLittleEndian: "zlib",
    RLELossless: "imagecodecs",
    JPEGBaseline8Bit: "imagecodecs (libjpeg-turbo)",
    JPEGExtended12Bit: "imagecodecs (libjpeg-turbo)",
    JPEGLossless: "imagecodecs (libjpeg-turbo)",
    JPEGLosslessSV1: "imagecodecs (libjpeg-turbo)",
    JPEGLSLossless: "imagecodecs (CharLS)",
    JPEGLSNearLossless: "imagecodecs (CharLS)",
    JPEG2000Lossless: "imagecodecs (OpenJPEG)",
    JPEG2000: "imagecodecs (OpenJPEG)",
    HTJ2KLossless: "imagecodecs (OpenJPEG)",
    HTJ2KLosslessRPCL: "imagecodecs (OpenJPEG)",
    HTJ2K: "imagecodecs (OpenJPEG)",
}
"""What decodes each."""


def media_type_of(data: bytes) -> str | None:
    """Tell the media type of a raster file by its first bytes; none if it is no raster file."""
    head = data[:512]
    found = (m for m, raster in RASTERS.items() if re.match(raster.signature, head, re.DOTALL))
    return next(found, None)


def unread_name(data: bytes) -> str | None:
    """Return the name of a format that is not read; none if the bytes begin like no format."""
    return _named(data, UNREAD)


def encoding_name(data: bytes) -> str | None:
    """Return the name of what a text is in which there may be an image; none if it is no such."""
    return _named(data, ENCODED)


def _named(data: bytes, beginnings: Mapping[str, bytes]) -> str | None:
    head = data[:512]
    found = (name for name, begin in beginnings.items() if re.match(begin, head, re.DOTALL))
    return next(found, None)
