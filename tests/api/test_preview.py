from __future__ import annotations

import io
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

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
    ramp = np.tile(np.linspace(0, 4095, 64), (48, 1)).round().astype("uint16")
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = ramp.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 2048, 1000
    dataset.PixelData = ramp.tobytes()
    dataset["PixelData"].VR = "OW"
    file = io.BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)

    shown = post(file.getvalue())

    assert shown[ramp < 1500].max() == 0
    assert shown[ramp > 2600].min() == 255
