from dataclasses import replace

import numpy as np
import pytest

from covidxray_api.consistency.quality import Rule, contrast, quality
from covidxray_api.radiograph import Radiograph

RULES = {
    "other_modality": Rule(action="refused"),
    "lateral": Rule(action="refused", limit=0.5),
    "low_contrast": Rule(action="warned", limit=40),
    "too_small": Rule(action="warned", limit=100),
    "colour_photo_of_a_film": Rule(action="warned", limit=6),
}

RAMP = np.tile(np.arange(256, dtype=np.uint8), (200, 1))
FILM = Radiograph(RAMP, "image/png")


def test_a_good_film_has_no_findings() -> None:
    assert quality(FILM, RULES) == []
    assert quality(replace(FILM, modality="DX", view_position="PA"), RULES) == []


@pytest.mark.parametrize(
    ("radiograph", "code"),
    [
        (replace(FILM, pixels=RAMP // 8), "low_contrast"),
        (replace(FILM, pixels=RAMP[:99]), "too_small"),
        (replace(FILM, colour=6.1), "colour_photo_of_a_film"),
        (replace(FILM, modality="CT"), "other_modality"),
        (replace(FILM, modality="DX", view_position="LL"), "lateral"),
    ],
)
def test_what_is_wrong_is_found_with_what_follows(radiograph: Radiograph, code: str) -> None:
    (found,) = quality(radiograph, RULES)
    assert found.code == code
    assert found.action == RULES[code].action


def test_contrast_leaves_out_the_extremes() -> None:
    flat = np.full((400, 400), 100, dtype=np.uint8)
    assert contrast(flat) == 0
    flat[:30, :30] = 255  # a marker
    assert contrast(flat) == 0
    assert contrast(RAMP) == pytest.approx(252, abs=4)
