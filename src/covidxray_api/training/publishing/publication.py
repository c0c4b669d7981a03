"""From a trained network to a stored model."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference.loading import probe
from covidxray_api.inference.model import LoadedModel
from covidxray_api.models.artefacts import EVIDENCE, hashed, write_json, write_manifest
from covidxray_api.models.decision import calibrate
from covidxray_api.models.manifest import (
    COMPILED,
    WEIGHTS,
    Label,
    Manifest,
    OperatingPoint,
    PredictionSet,
    Preprocessing,
)
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import LabelledImage, counts, load_pixels
from covidxray_api.training.data.sources import COVID
from covidxray_api.training.data.split import CONFIGURATION, repeat_split, unseen_hospitals
from covidxray_api.training.evaluation.classifier import infer_all
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.fit import infer
from covidxray_api.training.fitting.run import TrainedNetwork
from covidxray_api.training.publishing.adjustment import adjust, adjusted, logit_offsets
from covidxray_api.training.publishing.calibration import (
    Hospital,
    first_half,
    fit_operating_points,
    fit_prediction_set,
    fit_temperature,
)
from covidxray_api.training.publishing.compilation import compile_form


class Calibration(NamedTuple):
    """Fields of a manifest that are fitted on held-out films."""

    temperature: float
    prediction_set: PredictionSet
    operating_points: dict[str, OperatingPoint]


Answers = tuple[Sequence[LabelledImage], NDArray[np.floating]]
"""Radiographs, and the softmax outputs of a network for them, shape (n, classes)."""


def fit_calibration(
    films: Sequence[LabelledImage],
    probabilities: NDArray[np.floating],
    config: TrainingConfig,
    unseen: Sequence[Answers] = (),
) -> Calibration:
    """Fit what makes probabilities mean something, on radiographs that training has not seen.

    Parameters
    ----------
    films : sequence of LabelledImage
        Held-out radiographs; those without a label of the network count for the operating points
        only.
    probabilities : ndarray, shape (n, classes)
        Softmax outputs of the network for them.
    config : TrainingConfig
        The run.
    unseen : sequence of Answers
        For each hospital that training saw nothing of, what the network says of adults without
        COVID-19.
    """
    codes = config.codes
    truth = _columns(films, codes)
    groups = np.array([film.group for film in films])
    first = first_half(groups, config.seed)
    known = truth >= 0
    temperature = fit_temperature(probabilities[first & known], truth[first & known])
    calibrated = calibrate(probabilities, temperature)
    second = ~first & known
    hospitals = [
        Hospital(calibrate(answers, temperature), _columns(images, codes))
        for images, answers in unseen
    ]
    return Calibration(
        temperature,
        fit_prediction_set(calibrated[second], truth[second], codes, hospitals),
        fit_operating_points(calibrated, truth, groups, codes, COVID, hospitals),
    )


def fit_adjusted(
    images: Sequence[LabelledImage],
    probabilities: NDArray[np.floating],
    config: TrainingConfig,
    unseen: Sequence[Answers],
) -> tuple[NDArray[np.float32], Calibration]:
    """Return the logit offsets of a network, and what is fitted on its outputs after them.

    Probabilities say at `balanced` what the answer says: the answer is the most probable label.

    Parameters
    ----------
    images, probabilities, config, unseen
        As for `fit_calibration`.
    """
    before = fit_calibration(images, probabilities, config, unseen)
    offsets = logit_offsets(before.operating_points, config.codes, before.temperature)
    return offsets, fit_calibration(
        images,
        adjusted(probabilities, offsets),
        config,
        [(each, adjusted(answers, offsets)) for each, answers in unseen],
    )


def _columns(images: Sequence[LabelledImage], codes: Sequence[str]) -> NDArray[np.intp]:
    """Return the column of each radiograph's label, -1 where the network has none for it."""
    return np.array([codes.index(each.label) if each.label in codes else -1 for each in images])


def recalibrate(
    model: LoadedModel, films: Sequence[LabelledImage], store: ModelStore
) -> StoredModel:
    """Publish a model again, its calibration fitted on the held-out radiographs of its own split.

    Parameters
    ----------
    model : LoadedModel
        The model.
    films : sequence of LabelledImage
        All images of the data folder that it was trained from.
    store : ModelStore
        Where it is; gets the next version.
    """
    manifest = model.manifest
    trained_on, held_out, config = repeat_split(films, manifest.training, manifest.name)

    def answers(images: Sequence[LabelledImage]) -> NDArray[np.float32]:
        return infer_all(model, model.tensors(list(load_pixels(images, manifest.input_size))))

    unseen = unseen_hospitals(films, trained_on, config).values()
    offsets, calibration = fit_adjusted(
        held_out, answers(held_out), config, [(each, answers(each)) for each in unseen]
    )
    return compile_again(model.stored, store, films, calibration._asdict(), offsets)


def publish(
    trained: TrainedNetwork, store: ModelStore, films: Sequence[LabelledImage]
) -> StoredModel:
    """Store a trained network, compiled, and calibrated on half of its held-out patients.

    See `first_half` for which half serves what.

    Parameters
    ----------
    trained : TrainedNetwork
        What `train` returned.
    store : ModelStore
        Where the model is published, under its name and the next version.
    films : sequence of LabelledImage
        All images of the data folder: the compiled network is compared with Keras on some, and the
        operating points are fitted on those of hospitals that training saw nothing of.
    """
    config = trained.config
    unseen = unseen_hospitals(films, trained.trained_on, config).values()
    size = config.input_size
    offsets, calibration = fit_adjusted(
        trained.held_out,
        trained.held_out_probabilities,
        config,
        [
            (each, infer(trained.network, preprocess(list(load_pixels(each, size)), size)))
            for each in unseen
        ],
    )
    adjust(trained.network, offsets)
    return store_network(
        trained.network,
        store,
        name=config.name,
        not_for_patients=config.not_for_patients,
        description=config.description,
        labels=config.labels,
        calibration=calibration,
        training={
            CONFIGURATION: config.model_dump(mode="json"),
            "films": counts(trained.trained_on),
            "held_out_films": counts(trained.held_out),
            "milestones": [row for row in trained.history if "train_accuracy" in row],
        },
        films=films,
        trained_on=trained.trained_on,
    )


def store_network(
    network: keras.Model,
    store: ModelStore,
    *,
    name: str,
    not_for_patients: bool = False,
    description: str,
    labels: Sequence[Label],
    calibration: Calibration | None = None,
    training: Mapping[str, Any],
    films: Sequence[LabelledImage] = (),
    trained_on: Sequence[LabelledImage] = (),
) -> StoredModel:
    """Store a network under its name and the next version.

    Parameters
    ----------
    network : keras.Model
        Gray images in, a softmax output for each label out.
    store : ModelStore
        Where it goes.
    name, not_for_patients, description
        See `Manifest`.
    labels : sequence of Label
        In the order of the outputs.
    calibration : Calibration, optional
        What makes its probabilities mean something.
    training : mapping
        How it was trained.
    films : sequence of LabelledImage
        Real images, on which the compiled form is compared; it is not compiled without any.
    trained_on : sequence of LabelledImage
        Those that it has learned from: how far others lie from them is told in the compiled form.
    """
    _, height, width, channels = network.input_shape
    steps = Preprocessing(size=(height, width), channels=channels)
    with store.new_version(name) as draft:
        network.save(draft.folder / WEIGHTS)
        compiled = draft.folder / COMPILED
        parity = compile_form(network, compiled, steps, films, trained_on) if films else None
        manifest = Manifest(
            name=name,
            version=draft.version,
            not_for_patients=not_for_patients,
            description=description,
            labels=tuple(labels),
            preprocessing=steps,
            **(calibration._asdict() if calibration else {}),
            training=training,
            probe=tuple(infer(network, probe(steps))[0].tolist()),
            parity=parity,
            files=hashed(draft.folder, WEIGHTS, *((COMPILED,) if parity else ())),
        )
        write_manifest(manifest, draft.folder)
    return store.get(name, draft.version)


def compile_again(
    stored: StoredModel,
    store: ModelStore,
    films: Sequence[LabelledImage],
    changes: Mapping[str, Any] = MappingProxyType({}),
    offsets: NDArray[np.float32] | None = None,
) -> StoredModel:
    """Publish a model again, its Keras network compiled anew.

    Parameters
    ----------
    stored : StoredModel
        The version that it begins from.
    store : ModelStore
        Where it is; gets the next version.
    films : sequence of LabelledImage
        All images of the data folder that it was trained from: the compiled form is compared on
        some, and measures the distance from those that it has learned from.
    changes : mapping
        Further fields of the manifest that change.
    offsets : ndarray of float32, shape (classes,), optional
        What the logits of the network give up; its file stays as it is if nothing.

    Raises
    ------
    ParityBroken
        If the compiled form answers otherwise; nothing is published then.
    """
    manifest, trained_on = stored.manifest, list[LabelledImage]()
    if CONFIGURATION in manifest.training:
        trained_on, _, _ = repeat_split(films, manifest.training, manifest.name)
    network = keras.saving.load_model(stored.folder / WEIGHTS, compile=False, safe_mode=True)
    with store.new_version(manifest.name) as draft:
        for name in manifest.files:
            shutil.copyfile(stored.folder / name, draft.folder / name)
        if offsets is not None and offsets.any():
            adjust(network, offsets)
            network.save(draft.folder / WEIGHTS)
        parity = compile_form(
            network, draft.folder / COMPILED, manifest.preprocessing, films, trained_on
        )
        changed = {
            **manifest.model_dump(),
            **changes,
            "version": draft.version,
            "parity": parity,
            "probe": tuple(infer(network, probe(manifest.preprocessing))[0].tolist()),
            "files": hashed(draft.folder, *dict.fromkeys((*manifest.files, COMPILED))),
        }
        write_manifest(Manifest.model_validate(changed), draft.folder)
        if stored.evidence and not changes and offsets is None:
            # What was measured of the same network and rules remains true.
            write_json(draft.folder / EVIDENCE, stored.evidence)
    return store.get(manifest.name, draft.version)
