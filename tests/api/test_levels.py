"""A radiograph's values before its window, for viewers."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from tests.dicom_files import dicom, ramp

from covidxray_api.decoding.window import Window


def levels(service: httpx.Client, film: bytes) -> tuple[np.ndarray, dict[str, float], list[Window]]:
    """Return samples, what they mean, and the windows."""
    answer = service.post("/levels", content=film)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    facts = {
        name: float(value)
        for name, value in (part.split("=") for part in answer.headers["x-samples"].split(", "))
    }
    windows = []
    for stated in filter(None, answer.headers.get("x-windows", "").split(", ")):
        window = dict(part.split("=") for part in stated.split(";"))
        windows.append(Window(float(window["center"]), float(window["width"]), window["function"]))
    samples = np.frombuffer(answer.content, "<u2").reshape(
        int(facts["rows"]), int(facts["columns"])
    )
    return samples, facts, windows


def values(samples: np.ndarray, facts: dict[str, float]) -> np.ndarray:
    shown: np.ndarray = facts["least"] + (samples.astype(float) - 1) * facts["step"]
    return shown


def test_twelve_bits_are_there_whatever_the_window_shows(service: httpx.Client) -> None:
    film = dicom(ramp(), BitsStored=12, WindowCenter=[2048, 1000], WindowWidth=[1000, 500])

    samples, facts, windows = levels(service, film)

    np.testing.assert_array_equal(values(samples, facts), ramp())
    assert facts["inverted"] == 0
    assert windows == [Window(2048, 1000, "LINEAR"), Window(1000, 500, "LINEAR")]


def test_values_are_in_the_unit_of_the_file(service: httpx.Client) -> None:
    film = dicom(
        ramp("int16"), BitsStored=13, RescaleSlope=2, RescaleIntercept=-1024,
        WindowCenter=40, WindowWidth=400,
    )  # fmt: skip

    samples, facts, windows = levels(service, film)

    np.testing.assert_array_equal(values(samples, facts), ramp() * 2.0 - 1024)
    assert windows == [Window(40, 400, "LINEAR")]


def test_fractions_keep_their_place(service: httpx.Client) -> None:
    film = dicom(ramp(), BitsStored=12, RescaleSlope="0.001", RescaleIntercept=0)

    samples, facts, _ = levels(service, film)

    np.testing.assert_allclose(values(samples, facts), ramp() * 0.001, atol=facts["step"])


@pytest.mark.parametrize(
    "stated",
    [
        {"WindowCenter": 2048, "WindowWidth": 4096},
        {"WindowCenter": 1000, "WindowWidth": 300, "VOILUTFunction": "SIGMOID"},
        {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 900, "WindowWidth": 900},
        {"PixelPaddingValue": 4095, "WindowCenter": 900, "WindowWidth": 900},
        {
            "ShutterShape": "CIRCULAR",
            "CenterOfCircularShutter": [24, 32],
            "RadiusOfCircularShutter": 10,
        },
        {},
    ],
)
def test_the_first_window_shows_what_the_preview_shows(
    service: httpx.Client, stated: dict[str, Any]
) -> None:
    film = dicom(ramp(), BitsStored=12, **stated)
    samples, facts, windows = levels(service, film)
    shown = windows[0].apply(values(samples, facts))
    shown = 255 - shown if facts["inverted"] else shown
    shown[samples == 0] = 0

    preview = Image.open(io.BytesIO(service.post("/preview", content=film).content))
    np.testing.assert_allclose(shown, np.asarray(preview), atol=1)


def test_what_is_shown_by_a_table_has_no_window(service: httpx.Client) -> None:
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = (65535 - 16 * np.arange(4096)).astype(np.uint16).tobytes()
    stated: dict[str, Any] = {"VOILUTSequence": [table], "WindowCenter": 2048, "WindowWidth": 4096}

    samples, facts, windows = levels(service, dicom(ramp(), BitsStored=12, **stated))

    np.testing.assert_array_equal(values(samples, facts), ramp())
    assert windows == []


def test_a_large_image_is_reduced_and_what_is_hidden_stays_black(service: httpx.Client) -> None:
    wide = np.tile(np.arange(4096, dtype=np.uint16), (96, 1))
    wide[:, 2048:] = 0

    samples, facts, _ = levels(service, dicom(wide, BitsStored=12, PixelPaddingValue=0))

    assert samples.shape == (48, 2048)
    assert samples[:, 1024:].max() == 0
    np.testing.assert_allclose(values(samples, facts)[0, 1:1023], wide[0, 2:2046:2] + 0.5, atol=0.5)


def test_what_is_no_dicom_has_the_levels_of_its_picture(service: httpx.Client, film: bytes) -> None:
    samples, facts, windows = levels(service, film)

    shown = np.asarray(Image.open(io.BytesIO(film)).convert("L"))
    np.testing.assert_array_equal(values(samples, facts), shown)
    assert windows == []
