"""From a trained network to a stored model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from covidxray_api.inference.models import calibrate
from covidxray_api.model_store import (
    WEIGHTS,
    Label,
    Manifest,
    ModelStore,
    PredictionSet,
    StoredModel,
    sha256_of,
)
from covidxray_api.training.calibration import first_half, fit_prediction_set, fit_temperature
from covidxray_api.training.dataset import counts
from covidxray_api.training.run import TrainedNetwork


def publish(trained: TrainedNetwork, store: ModelStore) -> StoredModel:
    """Store a trained network, calibrated on half of its held-out patients.

    See `first_half` for which half serves what.

    Parameters
    ----------
    trained : TrainedNetwork
        What `train` returned.
    store : ModelStore
        Where the model is published, under its name and the next version.
    """
    config = trained.config
    codes = config.codes
    known = np.array([film.label in codes for film in trained.held_out])
    films = [film for film in trained.held_out if film.label in codes]
    truth = np.array([codes.index(film.label) for film in films])
    probabilities = trained.held_out_probabilities[known]
    groups = np.array([film.group for film in films])
    first = first_half(groups, config.seed)
    temperature = fit_temperature(probabilities[first], truth[first])
    calibrated = calibrate(probabilities[~first], temperature)
    return store_network(
        trained.network,
        store,
        name=config.name,
        description=config.description,
        labels=config.labels,
        temperature=temperature,
        prediction_set=fit_prediction_set(calibrated, truth[~first], codes),
        training={
            "configuration": config.model_dump(mode="json"),
            "films": counts(trained.trained_on),
            "held_out_films": counts(trained.held_out),
            "milestones": [row for row in trained.history if "train_accuracy" in row],
        },
    )


def store_network(
    network: keras.Model,
    store: ModelStore,
    *,
    name: str,
    description: str,
    labels: Sequence[Label],
    temperature: float = 1.0,
    prediction_set: PredictionSet | None = None,
    training: Mapping[str, Any],
) -> StoredModel:
    """Store a network under its name and the next version.

    Parameters
    ----------
    network : keras.Model
        Gray films in, a softmax output for each label out.
    store : ModelStore
        Where it goes.
    name, description : str
        See `Manifest`.
    labels : sequence of Label
        In the order of the outputs.
    temperature : float
        See `Manifest`.
    prediction_set : PredictionSet, optional
        See `Manifest`.
    training : mapping
        How it was trained.
    """
    version = store.next_version(name)
    folder = store.folder_of(name, version)
    folder.mkdir(parents=True)
    network.save(folder / WEIGHTS)
    _, height, width, _ = network.input_shape
    return store.write_manifest(
        Manifest(
            name=name,
            version=version,
            description=description,
            labels=tuple(labels),
            input_size=(height, width),
            temperature=temperature,
            prediction_set=prediction_set,
            training=training,
            files={WEIGHTS: sha256_of(folder / WEIGHTS)},
        )
    )
