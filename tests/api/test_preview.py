from __future__ import annotations

import io
from collections.abc import Callable

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
