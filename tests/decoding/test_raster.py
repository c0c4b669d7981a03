import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import (
    EmptyFile,
    ImageTooSmall,
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


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_format_gives_its_gray_values(kind: str, mode: str) -> None:
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    data = encode(Image.fromarray(gradient()).convert(mode), kind, **options)
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


def test_float_tiff_with_a_hole_is_unreadable() -> None:
    values = gradient().astype(np.float32)
    values[3, 3] = np.nan
    with pytest.raises(UnreadableImage, match="finite"):
        decode(encode(Image.fromarray(values), "TIFF"), LIMITS)


def test_white_is_zero_tiff_comes_out_the_right_way_round() -> None:
    data = encode(Image.fromarray(gradient()), "TIFF", tiffinfo={262: 0})
    assert (255 - gradient()).tobytes() in data
    assert (decode(data, LIMITS).pixels == gradient()).all()


def test_transparent_areas_lie_on_black() -> None:
    image = Image.fromarray(np.full((40, 40, 4), 200, dtype=np.uint8))
    image.putalpha(Image.fromarray(np.repeat([[0, 255]], 20, axis=1).repeat(40, 0).astype("uint8")))
    film = decode(encode(image), LIMITS)
    assert film.warnings == ("transparency_on_black",)
    assert film.pixels[:, :20].max() == 0
    assert film.pixels[:, 20:].min() == 200


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied_once(kind: str) -> None:
    turned = Image.fromarray(np.rot90(gradient()).copy())
    exif = Image.Exif()
    exif[0x0112] = 6
    film = decode(encode(turned, kind, exif=exif), LIMITS)
    assert film.pixels.shape == (48, 64)
    assert film.pixels[-8:, -8:].mean() > film.pixels[:8, :8].mean() + 150


@pytest.mark.parametrize("kind", ["TIFF", "WEBP"])
def test_only_the_first_of_several_images_is_read(kind: str) -> None:
    first, second = Image.fromarray(gradient()), Image.new("L", (64, 48), 255)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(first, kind, save_all=True, append_images=[second], **options)
    film = decode(data, LIMITS)
    assert film.warnings == ("first_frame_used",)
    assert np.abs(film.pixels.astype(int) - gradient()).max() <= 3


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_truncated_file_is_unreadable(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    data = encode(Image.fromarray(noise), kind)
    with pytest.raises(UnreadableImage):
        decode(data[: int(len(data) * share)], LIMITS)


@pytest.mark.parametrize(
    "data",
    [b"just some text", b"%PDF-1.7 ...", b"<svg xmlns='...'/>", bytes(300), b"\x89PNG"],
    ids=["text", "pdf", "svg", "zeros", "four bytes"],
)
def test_other_content_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        decode(data, LIMITS)


def test_gif_is_unsupported() -> None:
    with pytest.raises(UnsupportedFormat):
        decode(encode(Image.fromarray(gradient()), "GIF"), LIMITS)


def test_empty_file_has_its_own_error() -> None:
    with pytest.raises(EmptyFile):
        decode(b"", LIMITS)


@pytest.mark.parametrize("size", [(1, 1), (31, 500), (500, 31)])
def test_small_image_has_its_own_error(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmall, match="at least 32"):
        decode(encode(Image.new("L", size)), LIMITS)


def test_an_image_without_pixels_is_refused() -> None:
    header = bytearray(encode(Image.new("L", (40, 40)), "BMP"))
    header[18:26] = bytes(8)
    with pytest.raises((ImageTooSmall, UnreadableImage, UnsupportedFormat)):
        decode(bytes(header), LIMITS)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    data = encode(Image.new("L", (1001, 1000)))
    # Without its pixel data the file could not be decoded: the header alone decides.
    with pytest.raises(TooManyPixels, match="1001×1000"):
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
        assert decode(path.read_bytes(), limits).pixels.shape == expected[::-1]
