from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.dicom_files import dicom, ramp

Post = Callable[[bytes], np.ndarray]


@pytest.fixture
def post(service: httpx.Client) -> Post:
    """Preview a film, and return the pixels of the PNG."""

    def previewed(film: bytes) -> np.ndarray:
        answer = service.post("/preview", content=film, headers={"X-Request-ID": "ward-3"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"] == "ward-3"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.format == "PNG"
            assert image.mode == "L"
            return np.asarray(image)

    return previewed


def test_a_small_film_is_shown_as_it_is(post: Post, film: bytes) -> None:
    with Image.open(io.BytesIO(film)) as image:
        expected = np.asarray(image.convert("L"))

    np.testing.assert_array_equal(post(film), expected)


def test_a_large_film_is_reduced_in_proportion(
    post: Post, blank: Callable[[int, int], bytes]
) -> None:
    assert post(blank(4000, 800)).shape == (410, 2048)


def test_what_is_no_radiograph_is_shown_too(post: Post, no_film: bytes) -> None:
    assert max(post(no_film).shape) <= 2048


def test_the_display_window_of_a_dicom_file_is_applied(post: Post) -> None:
    values = ramp()

    shown = post(dicom(values, BitsStored=12, WindowCenter=2048, WindowWidth=1000))

    assert shown[values < 1500].max() == 0
    assert shown[values > 2600].min() == 255


@pytest.mark.parametrize(
    ("stated", "plane"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.3]}, "detector"),
        ({"ImagerPixelSpacing": [0.2, 0.3], "PixelSpacing": [0.2, 0.3]}, "detector"),
        ({"ImagerPixelSpacing": [0.3, 0.4], "PixelSpacing": [0.2, 0.3]}, "calibrated"),
        ({"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": "FIDUCIAL"}, "calibrated"),
        ({"PixelSpacing": [0.2, 0.3]}, "unstated"),
    ],
)
def test_the_spacing_that_a_dicom_file_states_is_told(
    service: httpx.Client, stated: dict[str, Any], plane: str
) -> None:
    answer = service.post("/preview", content=dicom(ramp(), **stated))

    assert answer.headers["x-pixel-spacing"] == "0.2, 0.3"
    assert answer.headers["x-pixel-spacing-plane"] == plane


def test_the_spacing_is_that_of_the_picture_and_not_of_the_file(service: httpx.Client) -> None:
    wide = np.tile(np.arange(4096, dtype=np.uint16), (96, 1))

    answer = service.post("/preview", content=dicom(wide, ImagerPixelSpacing=[0.1, 0.1]))

    assert answer.headers["x-pixel-spacing"] == "0.2, 0.2"


@pytest.mark.parametrize("stated", [{}, {"PixelSpacing": [0, 0.3]}])
def test_no_spacing_is_guessed(service: httpx.Client, stated: dict[str, Any]) -> None:
    answer = service.post("/preview", content=dicom(ramp(), **stated))

    assert answer.status_code == 200
    assert "x-pixel-spacing" not in answer.headers
    assert "x-pixel-spacing-plane" not in answer.headers
