"""The same pixels get the same answer, whatever file they come in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate
from tests.conftest import EXAMPLES
from tests.decoding.corpus import written
from tests.dicom_files import dicom

from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

NAMES = ("normal", "covid_19", "viral_pneumonia")
LOSSLESS, LOSSY = 0.01, 0.02
"""Largest difference of a probability."""


@cache
def gray(name: str) -> np.ndarray:
    with Image.open(EXAMPLES / f"{name}.png") as image:
        return np.array(image.convert("L"))


@cache
def deep(name: str) -> np.ndarray:
    """The same in 12 bits, the lower four of noise."""
    noise = np.random.default_rng(0).integers(0, 16, gray(name).shape)
    return np.asarray(gray(name).astype(np.uint16) * 16 + noise, np.uint16)


@cache
def screener() -> Screener:
    return Screener.from_settings(Settings())


def probabilities(data: bytes) -> Mapping[str, float]:
    found = screener().screen(data).probabilities
    assert found is not None
    return found


@cache
def reference(name: str, is_deep: bool) -> Mapping[str, float]:
    """The answer to the plainest file: PNG for 8 bits, DICOM without a window for 12."""
    data = dicom(deep(name), BitsStored=12) if is_deep else pillow(gray(name), "PNG")
    return probabilities(data)


def largest_difference(data: bytes, name: str, is_deep: bool) -> float:
    expected, found = reference(name, is_deep), probabilities(data)
    return max(abs(expected[label] - found[label]) for label in expected)


def pillow(pixels: np.ndarray, kind: str, mode: str | None = None, **options: Any) -> bytes:
    image, file = Image.fromarray(pixels), io.BytesIO()
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def coded(codestream: bytes | bytearray, pixels: np.ndarray, syntax: str) -> bytes:
    """A DICOM file without a window around a codestream."""
    bits = 12 if pixels.dtype == np.uint16 else 8
    dataset = pydicom.dcmread(io.BytesIO(dicom(pixels, BitsStored=bits)))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([bytes(codestream)])
    dataset["PixelData"].is_undefined_length = True
    return written(dataset)


def native(pixels: np.ndarray, syntax: str) -> bytes:
    bits = 12 if pixels.dtype == np.uint16 else 8
    dataset = pydicom.Dataset(pydicom.dcmread(io.BytesIO(dicom(pixels, BitsStored=bits))))
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    little, implicit = syntax != uid.ExplicitVRBigEndian, syntax == uid.ImplicitVRLittleEndian
    if not little:
        words = pixels.astype(">u2") if bits == 12 else pixels.reshape(-1).view("<u2").byteswap()
        dataset.PixelData = words.tobytes()
    return written(dataset, implicit_vr=implicit, little_endian=little)


def dicom_files(pixels: np.ndarray) -> dict[str, bytes]:
    """A file of each lossless transfer syntax."""
    bits = 12 if pixels.dtype == np.uint16 else 8
    lossless: dict[str, Any] = {"lossless": True, "bitspersample": bits}
    wavelet: dict[str, Any] = {"level": 0, "reversible": True, "bitspersample": bits}
    coders = {
        uid.JPEGLossless: imagecodecs.jpeg8_encode(pixels, predictor=4, **lossless),
        uid.JPEGLosslessSV1: imagecodecs.jpeg8_encode(pixels, predictor=1, **lossless),
        uid.JPEGLSLossless: imagecodecs.jpegls_encode(pixels),
        uid.JPEG2000Lossless: imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", **wavelet),
        uid.JPEG2000: imagecodecs.jpeg2k_encode(pixels, codecformat="JP2", **wavelet),
        uid.HTJ2KLossless: imagecodecs.htj2k_encode(pixels),
        uid.HTJ2K: imagecodecs.htj2k_encode(pixels),
    }
    natives = (
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    )
    white = 2**bits - 1
    return {
        **{f"DICOM {syntax.name}": native(pixels, syntax) for syntax in natives},
        **{f"DICOM {syntax.name}": coded(data, pixels, syntax) for syntax, data in coders.items()},
        "DICOM RLE": dicom(pixels, uid.RLELossless, BitsStored=bits),
        "DICOM MONOCHROME1": dicom(
            (white - pixels).astype(pixels.dtype),
            BitsStored=bits,
            PhotometricInterpretation="MONOCHROME1",
        ),
    }


def eight_bits(name: str) -> dict[str, bytes]:
    pixels = gray(name)
    colour, height = np.dstack([pixels] * 3), pixels.shape[0]
    opaque = np.dstack([colour, np.full_like(pixels, 255)])
    return {
        "PNG RGB": pillow(colour, "PNG"),
        "PNG RGBA": pillow(opaque, "PNG"),
        "PNG gray and alpha": pillow(pixels, "PNG", "LA"),
        "PNG palette": pillow(pixels, "PNG", "P"),
        "TIFF": pillow(pixels, "TIFF"),
        "TIFF LZW": pillow(pixels, "TIFF", compression="tiff_lzw"),
        "TIFF deflate": pillow(pixels, "TIFF", compression="tiff_adobe_deflate"),
        "TIFF PackBits": pillow(pixels, "TIFF", compression="packbits"),
        "TIFF RGB": pillow(colour, "TIFF"),
        "TIFF big endian": tiff(pixels, byteorder=">"),
        "BigTIFF": tiff(pixels, bigtiff=True),
        "TIFF tiles": tiff(pixels, tile=(64, 64)),
        "TIFF strips and predictor": tiff(
            pixels, rowsperstrip=height // 7, compression="lzw", predictor=True
        ),
        "TIFF planes": tiff(np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate"),
        "TIFF white is zero": tiff(255 - pixels, photometric="miniswhite"),
        "BMP": pillow(pixels, "BMP"),
        "BMP RGB": pillow(colour, "BMP"),
        "GIF": pillow(pixels, "GIF"),
        "PGM": pillow(pixels, "PPM"),
        "PPM": pillow(colour, "PPM"),
        "PGM in text": b"P2 %d %d 255\n" % pixels.shape[::-1]
        + b" ".join(b"%d" % value for value in pixels.ravel()),
        "WebP": pillow(pixels, "WEBP", lossless=True),
        **dicom_files(pixels),
    }


def twelve_bits(name: str) -> dict[str, bytes]:
    pixels = deep(name)
    wavelet: dict[str, Any] = {"level": 0, "reversible": True, "bitspersample": 12}
    return {
        "PNG": bytes(imagecodecs.png_encode(pixels)),
        "PNG RGB": bytes(imagecodecs.png_encode(np.dstack([pixels] * 3))),
        "TIFF": tiff(pixels),
        "TIFF big endian": tiff(pixels, byteorder=">"),
        "TIFF LZW": tiff(pixels, compression="lzw", predictor=True),
        "TIFF signed": tiff(pixels.astype(np.int16) - 2048),
        "TIFF float": tiff(pixels.astype(np.float32) / 4095),
        "TIFF double": tiff(pixels.astype(np.float64), bigtiff=True),
        "TIFF white is zero": tiff(4095 - pixels, photometric="miniswhite"),
        "PGM": b"P5 %d %d 4095\n" % pixels.shape[::-1] + pixels.astype(">u2").tobytes(),
        "JPEG lossless": bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=12)),
        "JP2": bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="JP2", **wavelet)),
        "J2K": bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", **wavelet)),
        "DICOM signed": dicom(pixels.astype(np.int16) - 2048, RescaleSlope=1, RescaleIntercept=0),
        "DICOM window of the range": dicom(
            pixels,
            BitsStored=12,
            WindowCenter=(int(pixels.max()) + int(pixels.min()) + 1) / 2,
            WindowWidth=int(pixels.max()) - int(pixels.min()) + 1,
        ),
        **dicom_files(pixels),
    }


def lossy(name: str) -> dict[str, tuple[bytes, bool]]:
    """Files of quality 95, and whether they have 12 bits."""
    pixels, colour = gray(name), np.dstack([gray(name)] * 3)
    baseline = pillow(pixels, "JPEG", quality=95)
    extended = imagecodecs.jpeg8_encode(deep(name), level=95, bitspersample=12)
    near = imagecodecs.jpegls_encode(deep(name), level=8)
    # A ratio of signal to noise of 60 dB: the error of JPEG Extended of quality 95.
    wavelet = imagecodecs.jpeg2k_encode(deep(name), level=60, codecformat="J2K", bitspersample=12)
    return {
        "JPEG": (baseline, False),
        "JPEG progressive": (pillow(pixels, "JPEG", quality=95, progressive=True), False),
        "JPEG colour": (pillow(colour, "JPEG", quality=95), False),
        "WebP": (pillow(colour, "WEBP", quality=95), False),
        "DICOM JPEG": (coded(baseline, pixels, uid.JPEGBaseline8Bit), False),
        "DICOM JPEG Extended": (coded(extended, deep(name), uid.JPEGExtended12Bit), True),
        "DICOM JPEG-LS": (coded(near, deep(name), uid.JPEGLSNearLossless), True),
        "DICOM JPEG 2000": (coded(wavelet, deep(name), uid.JPEG2000), True),
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_same_pixels_of_eight_bits_get_the_same_answer(name: str) -> None:
    differences = {
        kind: largest_difference(data, name, False) for kind, data in eight_bits(name).items()
    }
    assert {kind: d for kind, d in differences.items() if d > LOSSLESS} == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_pixels_of_twelve_bits_get_the_same_answer(name: str) -> None:
    differences = {
        kind: largest_difference(data, name, True) for kind, data in twelve_bits(name).items()
    }
    assert {kind: d for kind, d in differences.items() if d > LOSSLESS} == {}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_compressed_with_quality_95_gets_nearly_the_same_answer(name: str) -> None:
    differences = {
        kind: largest_difference(data, name, is_deep)
        for kind, (data, is_deep) in lossy(name).items()
    }
    assert {kind: d for kind, d in differences.items() if d > LOSSY} == {}
