"""How far a radiograph lies from those that the default model has learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from covidxray_api.inference.loading import keras_engine, load_model
from covidxray_api.models.manifest import WEIGHTS
from covidxray_api.models.store import ModelStore
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


def test_a_screening_says_it_where_the_model_does(examples: Path) -> None:
    screener = Screener.from_settings(Settings())
    film, refused = (
        (examples / name).read_bytes() for name in ("normal.png", "not_a_radiograph.png")
    )

    assert isinstance(screener.screen(film).distance, float)
    assert screener.screen(refused).distance is None
    assert screener.screen(film, model="seed-cnn").distance is None


def test_it_costs_no_bit_of_the_probabilities() -> None:
    model = load_model(ModelStore(Settings().model_store).get("multi-source"))
    pixels = np.random.default_rng(0).integers(0, 255, (200, 180), np.uint8)
    radiograph = Radiograph(pixels, "image/png")

    measured = model.infer(radiograph)

    alone = model.calibrated(model.tensor(radiograph))[0]
    assert list(measured.probabilities.values()) == alone.tolist()
    assert measured.distance is not None


def test_keras_itself_says_none() -> None:
    stored = ModelStore(Settings().model_store).get("multi-source")
    compiled = load_model(stored)
    keras = keras_engine(stored.folder / WEIGHTS, stored.manifest.preprocessing)
    radiograph = Radiograph(np.zeros((64, 64), np.uint8), "image/png")

    assert replace(compiled, engine=keras).infer(radiograph).distance is None
