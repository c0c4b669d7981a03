from pathlib import Path

import numpy as np
import pytest

from covidxray_api.training.data.dataset import LabelledImage, load_pixels, read_dataset
from covidxray_api.training.evaluation.protocols import (
    Collection,
    cross_fitted,
    group_folds,
    leave_sources_out,
    paper_protocol,
    shortened,
)
from covidxray_api.training.fitting.config import TrainingConfig

pytestmark = [
    pytest.mark.timeout(900),  # networks are trained; a busy machine takes minutes
    pytest.mark.usefixtures("eagerly"),
]


@pytest.fixture
def collection(indexed_folder: Path, config: TrainingConfig) -> Collection:
    images = read_dataset(indexed_folder)
    return Collection(images, load_pixels(images, config.input_size))


def test_a_shortened_recipe_keeps_all_but_its_epochs(config: TrainingConfig) -> None:
    long = config.model_copy(update={"epochs": 60})
    assert shortened(long, 0.2) == config.model_copy(update={"epochs": 12})
    assert shortened(config, 0.1).epochs == 1


def test_averaged_weights_of_a_shortened_recipe_forget_as_much_of_the_beginning(
    config: TrainingConfig,
) -> None:
    averaged = config.model_copy(update={"epochs": 10, "averaging": 0.996})

    short = shortened(averaged, 0.2)

    assert short.averaging is not None
    assert short.averaging**short.epochs == pytest.approx(0.996**10)


def test_every_image_is_judged_once_by_folds(
    collection: Collection, config: TrainingConfig
) -> None:
    found = group_folds(collection, shortened(config, 0.5), folds=2)
    assert found["balanced_accuracy"]["n"] == 60
    assert found["prediction_set_covers"]["all"]["n"] == 60
    assert found["prediction_set_covers"]["covid_19"]["n"] == 20


def test_calibration_of_a_fold_is_fitted_on_the_others(config: TrainingConfig) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=3000)
    logits = rng.normal(size=(3000, 3)) + 2 * np.eye(3)[truth]
    overconfident = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    images = [
        LabelledImage(Path(str(n)), config.codes[column], "here", str(n), False)
        for n, column in enumerate(truth)
    ]
    found = cross_fitted(images, overconfident.astype(np.float32), np.arange(3000) % 5, config)
    assert found["expected_calibration_error"] < 0.03
    assert 0.94 < found["prediction_set_covers"]["all"]["value"] < 0.96
    assert found["balanced_accuracy"]["value"] == pytest.approx(
        np.mean(list(found["recall"].values()))
    )


def test_left_out_sources_are_judged_on_their_own_images(
    collection: Collection, config: TrainingConfig
) -> None:
    found = leave_sources_out(collection, shortened(config, 0.5), {"away": ("there",)})["away"]
    assert found["cases_left_out"]
    assert found["controls_left_out"]
    assert found["auroc"]["n"] == 30
    assert found["cases_called_covid_19"]["n"] == 10


def test_the_paper_protocol_uses_its_images_and_a_seed_for_each_network(
    collection: Collection, config: TrainingConfig
) -> None:
    found = paper_protocol(collection, shortened(config, 0.5), seeds=(0, 1))
    assert found["validation_films"] == 12
    assert len(found["accuracy_by_seed"]) == 2
