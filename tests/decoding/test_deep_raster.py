"""Raster files beyond 8 bits, and those that good software writes oddly."""

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.dicom_files import ramp

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import UnreadableImage

LIMITS = Limits(max_pixels=1_000_000, min_side=32)
DEEP = ramp()
SHOWN = np.rint(DEEP / 4095 * 255)
MOST = np.full_like(DEEP, 65535)


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def close(data: bytes | bytearray) -> bool:
    return bool(np.abs(decode(bytes(data), LIMITS).pixels - SHOWN).max() <= 1)


LAYERS = {
    "gray": DEEP,
    "gray and alpha": np.dstack([DEEP, MOST]),
    "colour": np.dstack([DEEP] * 3),
    "colour and alpha": np.dstack([DEEP] * 3 + [MOST]),
}


@pytest.mark.parametrize("layers", LAYERS)
def test_twelve_bits_in_any_png(layers: str) -> None:
    assert close(imagecodecs.png_encode(LAYERS[layers]))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("layers", LAYERS)
def test_twelve_bits_in_any_tiff(layers: str, order: str, big: bool) -> None:
    samples = LAYERS[layers]
    options: dict[str, Any] = {
        "photometric": "rgb" if "colour" in layers else "minisblack",
        "extrasamples": ["unassalpha"] if "alpha" in layers else None,
        "planarconfig": "contig" if samples.ndim == 3 else None,
    }
    assert close(tiff(samples, byteorder=order, bigtiff=big, **options))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i4", "u4", "i2"])
def test_any_type_of_tiff(dtype: str) -> None:
    assert close(tiff(DEEP.astype(dtype)))


def test_a_signed_tiff_of_eight_bits() -> None:
    film = decode(tiff((DEEP // 16 - 128).astype(np.int8)), LIMITS)
    assert np.abs(film.pixels - SHOWN).max() <= 1
    assert film.warnings == ("wide_values_rescaled",)


def test_a_hot_pixel_does_not_darken_a_png() -> None:
    hot = DEEP.copy()
    hot[20, 20] = 65535
    film = decode(bytes(imagecodecs.png_encode(hot)), LIMITS)
    assert np.count_nonzero(np.abs(film.pixels - SHOWN) > 1) <= 1
    assert film.warnings == ("sixteen_bit_rescaled", "range_clipped")


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_image_transparent_everywhere_is_opaque(kind: str) -> None:
    gray = (DEEP >> 4).astype(np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(np.dstack([gray] * 3 + [np.zeros_like(gray)]))
    image.save(file, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    film = decode(file.getvalue(), LIMITS)
    assert np.abs(film.pixels.astype(int) - gray).max() <= 1
    assert film.warnings == ("transparency_ignored",)


def test_a_bitmap_of_version_5_without_written_alpha_is_opaque() -> None:
    gray = np.ascontiguousarray((DEEP >> 4).astype(np.uint8)[::-1])
    pixels = np.dstack([gray] * 3 + [np.zeros_like(gray)]).tobytes()
    header = struct.pack("<IiiHHIIiiII", 124, 64, 48, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    header += struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(36 + 12)
    header = header.ljust(124, b"\0")
    data = b"BM" + struct.pack("<IHHI", 138 + len(pixels), 0, 0, 138) + header + pixels
    assert np.abs(decode(data, LIMITS).pixels.astype(int) - gray[::-1]).max() <= 1


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"iCCP", b"Profile\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"tEXt", b"Comment\0text", crc=1),
        chunk(b"pHYs", b"\0" * 9, crc=1),
    ],
    ids=["text", "profile", "checksum of a text", "checksum of a resolution"],
)
def test_what_a_png_says_beside_its_pixels_does_not_matter(extra: bytes) -> None:
    file = io.BytesIO()
    gray = (DEEP >> 4).astype(np.uint8)
    Image.fromarray(gray).save(file, "PNG")
    data = file.getvalue()
    assert (decode(data[:33] + extra + data[33:], LIMITS).pixels == gray).all()


def test_a_wrong_checksum_of_pixels_is_damage() -> None:
    file = io.BytesIO()
    Image.fromarray((DEEP >> 4).astype(np.uint8)).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[-14] ^= 1
    with pytest.raises(UnreadableImage, match="chunk"):
        decode(bytes(data), LIMITS)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("side", [64, 1024])
def test_a_jpeg_that_stores_red_green_and_blue(progressive: bool, side: int) -> None:
    gray = np.tile(np.linspace(0, 255, side).astype(np.uint8), (side, 1))
    file = io.BytesIO()
    image = Image.fromarray(np.dstack([gray, gray // 2, gray // 3]))
    image.save(file, "JPEG", keep_rgb=True, quality=98, progressive=progressive)
    data = file.getvalue()
    expected = 0.299 * gray + 0.587 * (gray // 2) + 0.114 * (gray // 3)
    for variant in (data, without_adobe(data)):
        film = decode(variant, LIMITS if side < 1000 else Limits(2_000_000, 32))
        step = side // film.pixels.shape[1]
        found = film.pixels[0].astype(int)
        assert np.abs(found - expected[0].reshape(-1, step).mean(1)).max() <= 3


def without_adobe(data: bytes) -> bytes:
    place = data.find(b"\xff\xee")
    if place < 0:
        return data
    (length,) = struct.unpack_from(">H", data, place + 2)
    return data[:place] + data[place + 2 + length :]


def test_other_formats_of_gray() -> None:
    gray = (DEEP >> 4).astype(np.uint8)
    for kind in ("GIF", "PPM"):
        file = io.BytesIO()
        Image.fromarray(gray).save(file, kind)
        assert (decode(file.getvalue(), LIMITS).pixels == gray).all()
    assert close(b"P5\n64 48\n4095\n" + DEEP.astype(">u2").tobytes())
    assert close(imagecodecs.jpeg2k_encode(DEEP, codecformat="JP2", level=0, reversible=True))
    assert close(imagecodecs.jpeg8_encode(DEEP, lossless=True, bitspersample=12))


def test_a_gray_jpeg_2000_of_eight_bits_is_shown_as_it_is() -> None:
    gray = (DEEP >> 5).astype(np.uint8)
    data = imagecodecs.jpeg2k_encode(gray, codecformat="J2K", level=0, reversible=True)
    assert (decode(bytes(data), LIMITS).pixels == gray).all()
