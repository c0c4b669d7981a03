"""A small file of every format and transfer syntax, made by code, and ways to damage it."""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import tifffile
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate
from tests.dicom_files import dicom, ramp

DEEP = ramp()
GRAY = (DEEP >> 4).astype(np.uint8)
WINDOW: dict[str, Any] = {"WindowCenter": 2048, "WindowWidth": 4096}


def coded(codestream: bytes | bytearray, syntax: str, **facts: Any) -> bytes:
    """A DICOM file of 12 bits around a codestream."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(DEEP, BitsStored=12, **{**WINDOW, **facts})))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([bytes(codestream)])
    dataset["PixelData"].is_undefined_length = True
    return written(dataset)


def written(dataset: pydicom.Dataset, **options: Any) -> bytes:
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True, **options)
    return file.getvalue()


def _native(syntax: str) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(DEEP, BitsStored=12, **WINDOW)))
    plain = pydicom.Dataset(dataset)
    plain.file_meta = dataset.file_meta
    plain.file_meta.TransferSyntaxUID = syntax
    little = syntax != uid.ExplicitVRBigEndian
    if not little:
        plain.PixelData = DEEP.astype(">u2").tobytes()
    implicit = syntax == uid.ImplicitVRLittleEndian
    return written(plain, implicit_vr=implicit, little_endian=little)


def _jpeg_2000(**options: Any) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(DEEP, level=0, reversible=True, bitspersample=12, **options)
    )


@cache
def syntaxes() -> dict[str, bytes]:
    """A file of each transfer syntax, by its identifier."""
    lossless = [
        imagecodecs.jpeg8_encode(DEEP, lossless=True, bitspersample=12, predictor=predictor)
        for predictor in (1, 4)
    ]
    eight: dict[str, Any] = {"WindowCenter": 128, "WindowWidth": 256}
    plain = {
        syntax: _native(syntax)
        for syntax in (
            uid.ImplicitVRLittleEndian,
            uid.ExplicitVRLittleEndian,
            uid.ExplicitVRBigEndian,
            uid.DeflatedExplicitVRLittleEndian,
        )
    }
    near = imagecodecs.jpegls_encode(DEEP, level=2)
    high = imagecodecs.htj2k_encode(DEEP)
    return plain | {
        uid.RLELossless: dicom(DEEP, uid.RLELossless, BitsStored=12, **WINDOW),
        uid.JPEGBaseline8Bit: coded(
            imagecodecs.jpeg8_encode(GRAY, level=98),
            uid.JPEGBaseline8Bit,
            **eight,
            BitsAllocated=8,
            HighBit=7,
        ),
        uid.JPEGExtended12Bit: coded(
            imagecodecs.jpeg8_encode(DEEP, level=98, bitspersample=12), uid.JPEGExtended12Bit
        ),
        uid.JPEGLossless: coded(lossless[1], uid.JPEGLossless),
        uid.JPEGLosslessSV1: coded(lossless[0], uid.JPEGLosslessSV1),
        uid.JPEGLSLossless: coded(imagecodecs.jpegls_encode(DEEP), uid.JPEGLSLossless),
        uid.JPEGLSNearLossless: coded(near, uid.JPEGLSNearLossless),
        uid.JPEG2000Lossless: coded(_jpeg_2000(codecformat="J2K"), uid.JPEG2000Lossless),
        uid.JPEG2000: coded(_jpeg_2000(codecformat="JP2"), uid.JPEG2000),
        uid.HTJ2KLossless: coded(high, uid.HTJ2KLossless),
        uid.HTJ2KLosslessRPCL: coded(high, uid.HTJ2KLosslessRPCL),
        uid.HTJ2K: coded(high, uid.HTJ2K),
    }


def _raster(samples: np.ndarray, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, kind, **options)
    return file.getvalue()


def _tiff(samples: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


@cache
def rasters() -> dict[str, bytes]:
    """Files of each raster format, by name."""
    return {
        "image/jpeg": _raster(GRAY, "JPEG", quality=98),
        "image/jpeg progressive": _raster(np.dstack([GRAY] * 3), "JPEG", progressive=True),
        "image/jpeg lossless": bytes(
            imagecodecs.jpeg8_encode(DEEP, lossless=True, bitspersample=12)
        ),
        "image/png": _raster(GRAY, "PNG"),
        "image/png 16": bytes(imagecodecs.png_encode(np.dstack([DEEP] * 3))),
        "image/webp": _raster(GRAY, "WEBP", lossless=True),
        "image/tiff": _raster(GRAY, "TIFF"),
        "image/tiff 16": _tiff(DEEP, compression="deflate"),
        "image/tiff big": _tiff(DEEP.astype("f8"), bigtiff=True, byteorder=">"),
        "image/tiff lzw": _tiff(np.dstack([DEEP] * 3), photometric="rgb", compression="lzw"),
        "image/bmp": _raster(GRAY, "BMP"),
        "image/gif": _raster(GRAY, "GIF"),
        "image/x-portable-anymap": _raster(GRAY, "PPM"),
        "image/jp2": _jpeg_2000(codecformat="JP2"),
        "image/j2c": _jpeg_2000(codecformat="J2K"),
    }


@cache
def corpus() -> dict[str, bytes]:
    """Every file, by name."""
    return {**{str(name): data for name, data in syntaxes().items()}, **rasters()}


_LENGTHS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")


def damaged(data: bytes, seed: int) -> bytes:
    """Damage a file in one to eight places: bits, bytes, lengths, parts left out, doubled, cut."""
    chosen = random.Random(seed)  # noqa: S311
    found = bytearray(data)
    for _ in range(chosen.choice((1, 1, 2, 3, 8))):
        # Headers are where damage matters.
        reach = len(found) if chosen.random() < 0.5 else min(len(found), 1000)
        place = chosen.randrange(reach)
        match chosen.randrange(8):
            case 0 | 1 | 2:
                found[place] = chosen.randrange(256)
            case 3:
                found[place] ^= 1 << chosen.randrange(8)
            case 4:
                found[place : place + 4] = chosen.choice(_LENGTHS)
            case 5:
                del found[place : place + chosen.randrange(1, 9)]
            case 6:
                found[place:place] = found[place : place + chosen.randrange(1, 65)]
            case 7:
                del found[max(place, 8) :]
        if len(found) < 8:
            break
    return bytes(found)
