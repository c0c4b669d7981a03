from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from covidxray_api.lungs import LungFinder
from covidxray_api.settings import shipped
from covidxray_api.training.data.dataset import LabelledImage, load_pixels, read_dataset
from covidxray_api.training.evaluation.protocols import Collection, shortcut_audit, shortened
from covidxray_api.training.evaluation.shortcuts import (
    border_alone,
    lungs_blacked_out,
    sources_told_apart,
    thumbnails,
)
from covidxray_api.training.fitting.config import TrainingConfig

pytestmark = pytest.mark.timeout(900)  # networks are trained; a busy machine takes minutes


class DarkIsLung:
    """An engine to which what is dark is lung, as the drawn lungs are."""

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        return (tensor < 0.3).astype(np.float32)


@pytest.fixture
def images() -> np.ndarray:
    image = np.full((64, 64), 200, dtype=np.uint8)
    cv2.ellipse(image, (20, 32), (8, 20), 0, 0, 360, 20, -1)
    cv2.ellipse(image, (44, 32), (8, 20), 0, 0, 360, 20, -1)
    return image[np.newaxis]


def test_lungs_and_what_lies_between_are_black(images: np.ndarray) -> None:
    finder = LungFinder.load(shipped("reference"), lambda _: DarkIsLung())
    assert finder
    covered = lungs_blacked_out(images, finder)[0]
    assert covered[32, 14:50].max() == 0
    assert (covered[:8] == 200).all()
    assert images[0, 32, 32] == 200


def test_only_the_border_is_left(images: np.ndarray) -> None:
    bordered = border_alone(images)[0]
    assert bordered[6:58, 6:58].max() == 0
    assert (bordered[:6] == images[0, :6]).all()


def test_a_thumbnail_has_sixty_four_grays_at_most(images: np.ndarray) -> None:
    small = thumbnails(images)[0]
    assert small.shape == (64, 64)
    assert (small[:8, :8] == small[0, 0]).all()


@pytest.mark.usefixtures("eagerly")
def test_the_audit_reports_every_arm(indexed_folder: Path, config: TrainingConfig) -> None:
    listed = read_dataset(indexed_folder)
    collection = Collection(listed, load_pixels(listed, config.input_size))
    shown = {"whole": lambda shown: shown, "border": border_alone}
    found = shortcut_audit(collection, shortened(config, 0.5), shown)
    assert set(found) == {"whole", "border"}
    assert found["whole"]["balanced_accuracy"]["n"] == found["border"]["balanced_accuracy"]["n"] > 0


@pytest.mark.parametrize(("differ", "least", "most"), [(True, 0.95, 1.0), (False, 0.3, 0.7)])
def test_sources_are_told_apart_by_what_the_features_hold(
    differ: bool, least: float, most: float
) -> None:
    rng = np.random.default_rng(0)
    tensor = rng.random((120, 8, 8, 1), dtype=np.float32)
    images = [
        LabelledImage(Path(f"{n}.png"), "normal", ("here", "there")[n % 2], str(n), False)
        for n in range(120)
    ]
    if differ:
        tensor[::2, :4] += 0.5
    inputs = keras.Input((8, 8, 1))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    (found,) = sources_told_apart(network, tensor, images).values()
    assert found["sources"] == ["here", "there"]
    assert found["guessing"] == 0.5
    assert least <= found["balanced_accuracy"] <= most
