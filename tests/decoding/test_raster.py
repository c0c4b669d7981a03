import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import (
    EmptyFile,
    ImageTooSmall,
    RadiographError,
    TooManyPixels,
    UnreadableImage,
    UnsupportedFormat,
)

LIMITS = Limits(max_pixels=1_000_000, min_side=32)
ORIGINALS = Path(__file__).parents[3] / "shared" / "data" / "originals"
FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}


def gradient(height: int = 48, width: int = 64) -> np.ndarray:
    """Black at the top left, white at the bottom right, so that any turn shows."""
    ramp = np.add.outer(np.linspace(0, 100, height), np.linspace(0, 155, width))
    return ramp.astype(np.uint8)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_format_gives_its_gray_values(kind: str, mode: str) -> None:
    image = Image.fromarray(gradient()).convert(mode)
    data = encode(image, kind, quality=95, lossless=True)
    film = decode(data, LIMITS)
    assert film.media_type == FORMATS[kind]
    assert film.warnings == ()
    assert film.pixels.dtype == np.uint8
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 3


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LA", "RGBA"])
def test_every_colour_mode_is_read(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.fromarray(gradient()).convert("RGB").convert(mode)
    film = decode(encode(image, kind), LIMITS)
    assert film.pixels.shape == (48, 64)
    assert film.pixels[:16, :16].mean() < 60
    assert film.pixels[-16:, -16:].mean() > 180


def test_colours_become_luma() -> None:
    film = decode(encode(Image.new("RGB", (40, 40), (255, 0, 0))), LIMITS)
    assert np.unique(film.pixels) == [76]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_stretched_and_said_so(kind: str) -> None:
    deep = gradient().astype(np.uint16) * 16 + 1000
    film = decode(encode(Image.fromarray(deep), kind), LIMITS)
    assert film.warnings == ("sixteen_bit_rescaled",)
    assert (film.pixels.min(), film.pixels.max()) == (0, 255)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 1


def test_big_endian_tiff_is_stretched() -> None:
    deep = (gradient().astype(np.uint16) * 16 + 1000).astype(">u2")
    film = decode(encode(Image.frombytes("I;16B", (64, 48), deep.tobytes()), "TIFF"), LIMITS)
    assert film.warnings == ("sixteen_bit_rescaled",)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 1


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_signed_and_float_tiff_are_stretched(dtype: type) -> None:
    wide: np.ndarray = gradient().astype(dtype) * 1000 - 90_000
    film = decode(encode(Image.fromarray(wide), "TIFF"), LIMITS)
    assert film.warnings == ("wide_values_rescaled",)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 1


def test_float_tiff_with_a_hole_is_unreadable() -> None:
    values = gradient().astype(np.float32)
    values[3, 3] = np.nan
    with pytest.raises(UnreadableImage, match="not_finite"):
        decode(encode(Image.fromarray(values), "TIFF"), LIMITS)


def test_white_is_zero_tiff_comes_out_the_right_way_round() -> None:
    data = encode(Image.fromarray(gradient()), "TIFF", tiffinfo={262: 0})
    assert (255 - gradient()).tobytes() in data
    assert (decode(data, LIMITS).pixels == gradient()).all()


def test_white_is_zero_holds_for_sixteen_bits_too() -> None:
    deep = gradient().astype(np.uint16) * 200
    data = bytearray(encode(Image.fromarray(deep), "TIFF"))
    black_is_zero = struct.pack("<HHII", 262, 3, 1, 1)
    place = data.index(black_is_zero)
    data[place : place + 12] = struct.pack("<HHII", 262, 3, 1, 0)
    assert np.abs(255 - decode(bytes(data), LIMITS).pixels.astype(int) - gradient()).max() <= 1


def test_opaque_alpha_is_no_transparency() -> None:
    image = Image.fromarray(gradient()).convert("RGBA")
    film = decode(encode(image), LIMITS)
    assert film.warnings == ()
    assert (film.pixels == gradient()).all()


def test_transparent_palette_entry_lies_on_black() -> None:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([200, 200, 200, 100, 100, 100])
    image.paste(0, (0, 0, 20, 40))
    film = decode(encode(image, transparency=0), LIMITS)
    assert film.warnings == ("transparency_on_black",)
    assert np.unique(film.pixels[:, :20]) == [0]
    assert np.unique(film.pixels[:, 20:]) == [100]


def test_transparent_areas_lie_on_black() -> None:
    image = Image.fromarray(np.full((40, 40, 4), 200, dtype=np.uint8))
    image.putalpha(Image.fromarray(np.repeat([[0, 255]], 20, axis=1).repeat(40, 0).astype("uint8")))
    film = decode(encode(image), LIMITS)
    assert film.warnings == ("transparency_on_black",)
    assert film.pixels[:, :20].max() == 0
    assert film.pixels[:, 20:].min() == 200


# How the Exif orientations 1 to 8 store an upright image.
STORED: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda upright: upright,
    np.fliplr,
    lambda upright: np.rot90(upright, 2),
    np.flipud,
    np.transpose,
    lambda upright: np.rot90(upright, 1),
    lambda upright: np.rot90(np.transpose(upright), 2),
    lambda upright: np.rot90(upright, 3),
]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation - 1](gradient())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    film = decode(encode(stored, kind, exif=exif, **options), LIMITS)
    assert film.pixels.shape == (48, 64)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 4
    assert film.pixels.flags.c_contiguous


@pytest.mark.parametrize("kind", ["TIFF", "WEBP"])
def test_only_the_first_of_several_images_is_read(kind: str) -> None:
    first, second = Image.fromarray(gradient()), Image.new("L", (64, 48), 255)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(first, kind, save_all=True, append_images=[second], **options)
    film = decode(data, LIMITS)
    assert film.warnings == ("first_frame_used",)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 3


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_truncated_file_is_unreadable_wherever_it_is_cut(kind: str, mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    data = encode(Image.fromarray(noise).convert(mode), kind)
    for length in [len(data) * tenth // 10 for tenth in range(1, 10)] + [len(data) - 13]:
        with pytest.raises(UnreadableImage):
            decode(data[:length], LIMITS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP"])
def test_a_single_missing_byte_is_noticed(kind: str) -> None:
    with pytest.raises(UnreadableImage):
        decode(encode(Image.fromarray(gradient()), kind)[:-1], LIMITS)


def test_progressive_jpeg_without_its_last_scans_is_unreadable() -> None:
    data = encode(Image.fromarray(gradient(256, 256)), "JPEG", progressive=True)
    with pytest.raises(UnreadableImage):
        decode(data[: data.rindex(b"\xff\xda")], LIMITS)


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_anywhere_ends_in_an_image_or_in_a_refusal(kind: str) -> None:
    generator = np.random.default_rng(0)
    data = encode(Image.fromarray(gradient()), kind)
    outcomes = set()
    for _ in range(200):
        damaged = bytearray(data)
        for place in generator.integers(0, len(data), 3):
            damaged[place] = generator.integers(0, 256)
        try:
            outcomes.add(decode(bytes(damaged), LIMITS).pixels.dtype.name)
        except RadiographError as error:
            outcomes.add(error.code)
    assert "unreadable-image" in outcomes


@pytest.mark.parametrize(
    "data",
    [
        b"just some text",
        b"BMI of the patients of this study, by age and sex",
        b"%PDF-1.7 ...",
        b"<svg xmlns='...'/>",
        bytes(300),
        b"\x89PNG",
        np.random.default_rng(0).bytes(3000),
    ],
    ids=["text", "text like BMP", "pdf", "svg", "zeros", "four bytes", "noise"],
)
def test_other_content_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        decode(data, LIMITS)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("PDF", b"%PDF-1.7 ..."),
        ("HEIC", b"\0\0\0\x18ftypheic"),
        ("HEIC", b"\0\0\0\x18ftypheis"),
        ("SVG", b"<svg xmlns='...'/>"),
    ],
)
def test_a_known_format_is_named_in_its_refusal(name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=f"name={name}"):
        decode(data, LIMITS)


def test_empty_file_has_its_own_error() -> None:
    with pytest.raises(EmptyFile):
        decode(b"", LIMITS)


@pytest.mark.parametrize("size", [(1, 1), (31, 500), (500, 31)])
def test_small_image_has_its_own_error(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmall, match="least=32"):
        decode(encode(Image.new("L", size)), LIMITS)


def test_an_image_without_pixels_is_refused() -> None:
    header = bytearray(encode(Image.new("L", (40, 40)), "BMP"))
    header[18:26] = bytes(8)
    with pytest.raises((ImageTooSmall, UnreadableImage)):
        decode(bytes(header), LIMITS)


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    data = bytearray(encode(Image.new("L", (40, 40))))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(TooManyPixels, match="width=60000, height=60000"):
        decode(bytes(data), LIMITS)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    data = encode(Image.new("L", (1001, 1000)))
    # Without its pixel data the file could not be decoded: the header alone decides.
    with pytest.raises(TooManyPixels, match="width=1001, height=1000"):
        decode(data[:60], LIMITS)


@pytest.mark.data
@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="needs the development data")
def test_every_original_is_decoded_to_its_size() -> None:
    limits = Limits(max_pixels=64_000_000, min_side=32)
    paths = sorted(ORIGINALS.iterdir())
    assert paths
    for path in paths:
        with Image.open(path) as image:
            expected = image.size
        found = decode(path.read_bytes(), limits).pixels.shape
        scale = next(n for n in (8, 4, 2, 1) if min(expected) >= n * limits.kept_side or n == 1)
        assert found == tuple(-(-side // scale) for side in expected[::-1])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_photograph_is_known_by_what_its_camera_states(kind: str, mode: str) -> None:
    image = Image.fromarray(gradient()).convert(mode)
    exif = Image.Exif()
    exif[0x010F] = "Scanner"
    scanned = encode(image, kind, exif=exif)
    exif[0x8769] = {0x829A: 1 / 60, 0x829D: 1.8}
    photographed = encode(image, kind, exif=exif)

    assert decode(scanned, LIMITS).warnings == ()
    assert decode(photographed, LIMITS).warnings == ("taken_by_a_camera",)
