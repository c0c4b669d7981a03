from collections.abc import Callable

import numpy as np
import pytest

from covidxray_api.training.gate import synthetic_negatives as synthetic
from covidxray_api.training.gate.synthetic_negatives import SIDE, Picture

Make = Callable[[Picture, np.random.Generator], Picture]

MAKERS: dict[str, Make] = {
    "cropped": synthetic.cropped,
    "composite": lambda radiograph, rng: synthetic.composite(lambda: radiograph, rng),
    "rearranged": synthetic.rearranged,
    "averaged": lambda radiograph, rng: synthetic.averaged(lambda: radiograph, rng),
    "drawing": lambda radiograph, rng: synthetic.drawing(rng),
    "limbs": lambda radiograph, rng: synthetic.limbs(rng),
    "texture": lambda radiograph, rng: synthetic.texture(rng),
}


@pytest.fixture
def radiograph() -> Picture:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.asarray((x + 2 * y) % 251, dtype=np.uint8)


@pytest.mark.parametrize("name", MAKERS)
def test_every_kind_is_a_picture_other_than_the_radiograph_and_repeats_with_its_seed(
    name: str, radiograph: Picture
) -> None:
    first, second = (
        [MAKERS[name](radiograph, np.random.default_rng(seed)) for seed in range(40)]
        for _ in range(2)
    )
    for picture, again in zip(first, second, strict=True):
        assert picture.shape == (SIDE, SIDE)
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, again)
        assert not np.array_equal(picture, radiograph)


def test_a_crop_always_lacks_much(radiograph: Picture) -> None:
    # Each pixel of the ramp differs from its neighbours, so what is missing can be counted.
    rows = np.tile(np.arange(SIDE, dtype=np.uint8)[:, None], (1, SIDE))
    columns = rows.T.copy()
    for seed in range(200):
        height, width = (
            np.ptp(synthetic.cropped(picture, np.random.default_rng(seed)).astype(int)) / SIDE
            for picture in (rows, columns)
        )
        assert min(height, width) <= 0.51
