import cv2
import numpy as np
import pytest

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import UnknownLabel
from covidxray_api.explanation import (
    LUNGS,
    MARGIN,
    NO_MAP,
    NOT_FAITHFUL,
    elsewhere,
    explain,
    masked,
    overlay,
    top,
)
from covidxray_api.inference import LoadedModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained
from covidxray_api.settings import Settings

LIMITS = Limits(max_pixels=1_000_000, min_side=32)


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.fixture(scope="module")
def model(screener: Screener) -> LoadedModel:
    return screener.models.get()


@pytest.fixture(scope="module")
def child(mapped: bytes) -> Radiograph:
    return decode(mapped, LIMITS)


def why(found: Explained) -> np.ndarray:
    assert found.explanation is not None
    assert found.explanation.map is not None
    return found.explanation.map


def test_a_map_that_is_shown_has_passed_its_test(model: LoadedModel, child: Radiograph) -> None:
    found = explain(model, child, "viral_pneumonia")

    assert found.map is not None
    assert found.map.ndim == 2
    assert found.map.dtype == np.float32
    assert found.map.min() >= 0
    assert found.map.max() == pytest.approx(1)
    assert found.withheld is None
    # The same test, from the map alone.
    tensor, column = model.tensor(child), model.manifest.codes.index("viral_pneumonia")
    mask = top(found.map, model.manifest.input_size)
    whole = model.calibrated(tensor)[0, column]
    covered = model.calibrated(masked(tensor, np.stack([mask, *elsewhere(mask)])))[:, column]
    assert found.drop == pytest.approx(whole - covered[0], abs=1e-6)
    assert found.random_drop == pytest.approx(whole - covered[1:].mean(), abs=1e-6)
    assert found.largest_drop == pytest.approx(whole - covered[1:].min(), abs=1e-6)
    assert whole - covered[0] > whole - covered[1:].min() + MARGIN


def test_a_map_that_fails_its_test_is_withheld(screener: Screener, unmapped: bytes) -> None:
    model = screener.models.get("multi-source-fast")

    found = explain(model, decode(unmapped, LIMITS), "viral_pneumonia")

    assert found.withheld == NOT_FAITHFUL
    assert found.map is None
    assert found.drop is not None
    assert found.largest_drop is not None
    assert found.drop <= found.largest_drop + MARGIN


def test_a_network_without_maps_says_so(screener: Screener, child: Radiograph) -> None:
    found = explain(screener.models.get("seed-cnn"), child, "normal")

    assert (found.map, found.withheld, found.drop) == (None, NO_MAP, None)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_map_lies_on_the_film_as_it_was_sent(
    screener: Screener, child: Radiograph, quarters: int
) -> None:
    _, upright = cv2.imencode(".png", child.pixels)
    _, turned = cv2.imencode(".png", np.rot90(child.pixels, quarters))

    straight, found = screener.explain(upright.tobytes()), screener.explain(turned.tobytes())

    assert found.screening.validation.consistency.quarter_turns == 4 - quarters
    np.testing.assert_allclose(why(found), np.rot90(why(straight), quarters), atol=1e-5)
    assert found.radiograph.pixels.shape == np.rot90(child.pixels, quarters).shape


def test_what_is_no_film_is_not_explained(screener: Screener, no_film: bytes) -> None:
    found = screener.explain(no_film)

    assert found.explanation is None
    assert found.screening.validation.rejection == "not_a_chest_radiograph"


def test_any_label_of_the_model_can_be_asked_about(screener: Screener, film: bytes) -> None:
    found = screener.explain(film, label="covid_19").explanation

    assert found is not None
    assert found.label.code == "covid_19"
    with pytest.raises(UnknownLabel, match="unknown-label"):
        screener.explain(film, label="fracture")


def test_the_marked_part_has_the_share_that_is_asked_for() -> None:
    found = np.zeros((4, 4), np.float32)
    found[1, 2] = 1

    mask = top(found, (40, 40))

    assert mask.sum() == 320
    assert mask[15, 25]
    assert not mask[35, 5]
    assert [moved.sum() for moved in elsewhere(mask)] == [320] * 4
    assert not any(moved[15, 25] for moved in elsewhere(top(found, (40, 40), 0.05)))


def test_an_overlay_outlines_the_lungs() -> None:
    square = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))

    drawn = overlay(np.zeros((80, 40), np.uint8), np.zeros((7, 7), np.float32), [square])

    for row, column in ((20, 20), (60, 20), (40, 10), (40, 30)):
        assert drawn[row, column].tolist() == pytest.approx(LUNGS, rel=0.15)
    assert not drawn[40, 20].any()


def test_an_overlay_leaves_the_film_where_the_map_is_nothing() -> None:
    pixels = np.full((60, 40), 100, np.uint8)
    found = np.zeros((6, 4), np.float32)
    found[:2] = 1

    drawn = overlay(pixels, found)

    assert drawn.shape == (60, 40, 3)
    assert (drawn[50:] == 100).all()
    red, _, blue = drawn[2, 20].tolist()
    assert red > 150 > blue
