"""From a trained network to a stored model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference.registry import LoadedModel, calibrate
from covidxray_api.models.artefacts import sha256_of
from covidxray_api.models.manifest import WEIGHTS, Label, Manifest, OperatingPoint, PredictionSet
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import Film, counts, load_pixels
from covidxray_api.training.data.split import split
from covidxray_api.training.evaluation.classifier import COVID, infer_all
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.run import TrainedNetwork
from covidxray_api.training.publishing.calibration import (
    first_half,
    fit_operating_points,
    fit_prediction_set,
    fit_temperature,
)


class Calibration(NamedTuple):
    """Fields of a manifest that are fitted on held-out films."""

    temperature: float
    prediction_set: PredictionSet
    operating_points: dict[str, OperatingPoint]


def fit_calibration(
    films: Sequence[Film], probabilities: NDArray[np.floating], config: TrainingConfig
) -> Calibration:
    """Fit what makes probabilities mean something, on films that training has not seen.

    Parameters
    ----------
    films : sequence of Film
        Held-out films; those without a label of the network count for the operating points only.
    probabilities : ndarray, shape (n, classes)
        Softmax outputs of the network for them.
    config : TrainingConfig
        The run.
    """
    codes = config.codes
    truth = np.array([codes.index(film.label) if film.label in codes else -1 for film in films])
    first = first_half(np.array([film.group for film in films]), config.seed)
    known = truth >= 0
    temperature = fit_temperature(probabilities[first & known], truth[first & known])
    calibrated = calibrate(probabilities, temperature)
    second = ~first & known
    return Calibration(
        temperature,
        fit_prediction_set(calibrated[second], truth[second], codes),
        fit_operating_points(calibrated, truth, codes, COVID),
    )


def recalibrate(model: LoadedModel, films: Sequence[Film], store: ModelStore) -> StoredModel:
    """Fit a stored model's calibration again on the held-out films of its own split.

    Parameters
    ----------
    model : LoadedModel
        The model.
    films : sequence of Film
        All films of the data folder that it was trained from.
    store : ModelStore
        Where it is.
    """
    config = TrainingConfig.model_validate(model.manifest.training["configuration"])
    suitable = config.suitable(films)
    held_out = [suitable[row] for row in split(suitable, config)[1]]
    tensor = preprocess(
        list(load_pixels(held_out, model.manifest.input_size)), model.manifest.input_size
    )
    calibration = fit_calibration(held_out, infer_all(model, tensor), config)
    return store.write_manifest(model.manifest.model_copy(update=calibration._asdict()))


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
    return store_network(
        trained.network,
        store,
        name=config.name,
        description=config.description,
        labels=config.labels,
        calibration=fit_calibration(trained.held_out, trained.held_out_probabilities, config),
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
    calibration: Calibration | None = None,
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
    calibration : Calibration, optional
        What makes its probabilities mean something.
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
            **(calibration._asdict() if calibration else {}),
            training=training,
            files={WEIGHTS: sha256_of(folder / WEIGHTS)},
        )
    )
