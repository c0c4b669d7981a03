"""Protocols that cannot flatter: networks trained anew without what they are measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.models.decision import calibrate
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.data.sources import COVID, DATA_SETS
from covidxray_api.training.data.split import Rows, split
from covidxray_api.training.evaluation.metrics import (
    Interval,
    auroc_interval,
    balanced_accuracy,
    bootstrap,
    expected_calibration_error,
    proportion,
)
from covidxray_api.training.evaluation.shortcuts import sources_told_apart
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.fit import fit, infer
from covidxray_api.training.fitting.run import accuracy
from covidxray_api.training.publishing.publication import fit_calibration


@dataclass(frozen=True)
class Collection:
    """All radiographs of a data folder with their pixels at the network's input size."""

    images: Sequence[LabelledImage]
    pixels: NDArray[np.uint8]
    """Shape (n, height, width)."""

    def rows(self, config: TrainingConfig) -> Rows:
        """Return the rows of the radiographs that suit a configuration."""
        suitable = {image.path for image in config.suitable(self.images)}
        return np.array(
            [i for i, image in enumerate(self.images) if image.path in suitable], np.intp
        )

    def chosen(self, rows: Rows) -> list[LabelledImage]:
        """Return the radiographs of some rows."""
        return [self.images[row] for row in rows]

    def trained(self, rows: Rows, config: TrainingConfig) -> keras.Model:
        """Train a network on the radiographs of some rows, printing the loss of each epoch."""

        def report_epoch(epoch: int, _: keras.Model, figures: dict[str, float]) -> None:
            Console().print(f"{config.name}: epoch {epoch}, loss {figures['loss']:.3f}")

        return fit(self.chosen(rows), self.pixels[rows], config, report_epoch)

    def answers(
        self, network: keras.Model, rows: Rows, config: TrainingConfig
    ) -> NDArray[np.float32]:
        """Return the probabilities of the radiographs of some rows, shape (n, classes)."""
        return infer(network, self.tensor(rows, config))

    def tensor(self, rows: Rows, config: TrainingConfig) -> NDArray[np.float32]:
        """Return the network's input of some rows: float32, shape (n, height, width, 1), 0–1."""
        return preprocess(list(self.pixels[rows]), config.input_size)


def shortened(config: TrainingConfig, share: float) -> TrainingConfig:
    """Return the configuration with a share of its epochs.

    Averaged weights forget as much of the beginning as they do in the whole run.
    """
    epochs = max(1, round(share * config.epochs))
    kept = config.averaging and config.averaging ** (config.epochs / epochs)
    return config.model_copy(update={"epochs": epochs, "averaging": kept})


def paper_protocol(
    collection: Collection, config: TrainingConfig, seeds: Sequence[int] = range(5)
) -> dict[str, Any]:
    """Repeat the paper's protocol: its images, split 60/40 within each class, accuracy at the end.

    Parameters
    ----------
    collection : Collection
        All radiographs.
    config : TrainingConfig
        The recipe; its split and choice of radiographs are replaced by the paper's.
    seeds : sequence of int
        One split and one network for each.
    """
    accuracies = []
    for seed in seeds:
        run = config.model_copy(
            update={
                "seed": seed,
                "seed_subset_only": True,
                "split": "stratified",
                "validation_share": 0.4,
            }
        )
        rows = collection.rows(run)
        trained_on, held_out = split(collection.chosen(rows), run)
        network = collection.trained(rows[trained_on], run)
        images = collection.chosen(rows[held_out])
        answers = collection.answers(network, rows[held_out], run)
        accuracies.append(accuracy(images, answers, run))
    return {
        "validation_films": len(held_out),
        "accuracy_by_seed": accuracies,
        "mean_accuracy": float(np.mean(accuracies)),
    }


def group_folds(collection: Collection, config: TrainingConfig, folds: int = 5) -> dict[str, Any]:
    """Group-wise cross-validation: each image is judged by a network that never saw its patient.

    Parameters
    ----------
    collection : Collection
        All radiographs.
    config : TrainingConfig
        The recipe.
    folds : int
        Number of networks.
    """
    rows = collection.rows(config)
    images = collection.chosen(rows)
    strata = [f"{image.label} {image.source}" for image in images]
    groups = np.array([image.group for image in images])
    dealt = StratifiedGroupKFold(folds, shuffle=True, random_state=config.seed)
    probabilities = np.zeros((len(rows), len(config.labels)), dtype=np.float32)
    fold_of = np.zeros(len(rows), dtype=np.intp)
    for fold, (train, test) in enumerate(dealt.split(rows, strata, groups)):
        network = collection.trained(rows[train], config)
        probabilities[test] = collection.answers(network, rows[test], config)
        fold_of[test] = fold
    return {"folds": folds} | cross_fitted(images, probabilities, fold_of, config)


def cross_fitted(
    images: Sequence[LabelledImage],
    probabilities: NDArray[np.float32],
    fold_of: NDArray[np.intp],
    config: TrainingConfig,
) -> dict[str, Any]:
    """Measure answers whose calibration was fitted on the radiographs of all other folds.

    Parameters
    ----------
    images : sequence of LabelledImage
        Radiographs, each judged by a network that never saw its patient.
    probabilities : ndarray of float32, shape (n, classes)
        Softmax outputs of those networks.
    fold_of : ndarray of int, shape (n,)
        Fold of each radiograph.
    config : TrainingConfig
        The recipe.

    Returns
    -------
    dict
        Balanced accuracy, expected calibration error, and the share of radiographs of each class,
        and of all, whose label is in the prediction set.
    """
    codes = config.codes
    calibrated = np.zeros(probabilities.shape)
    in_set = np.zeros(probabilities.shape, dtype=bool)
    for fold in np.unique(fold_of):
        here = fold_of == fold
        elsewhere = [image for image, other in zip(images, ~here, strict=True) if other]
        fitted = fit_calibration(elsewhere, probabilities[~here], config)
        calibrated[here] = calibrate(probabilities[here], fitted.temperature)
        in_set[here] = calibrated[here] >= [fitted.prediction_set.least[code] for code in codes]
    known = np.array([image.label in codes for image in images])
    truth = np.array([codes.index(image.label) for image in images if image.label in codes])
    groups = np.array([image.group for image in images])[known]
    called = calibrated[known].argmax(axis=1)
    covered = in_set[known][np.arange(len(truth)), truth]

    def share(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        return proportion(covered[chosen], groups[chosen])._asdict()

    return {
        "balanced_accuracy": bootstrap(partial(_balanced, truth, called), groups)._asdict(),
        "recall": {
            code: float(np.mean(called[truth == column] == column))
            for column, code in enumerate(codes)
        },
        "expected_calibration_error": expected_calibration_error(truth, calibrated[known]),
        "prediction_set_covers": {"all": share(np.ones(len(truth), dtype=bool))}
        | {code: share(truth == column) for column, code in enumerate(codes)},
    }


def leave_sources_out(
    collection: Collection,
    config: TrainingConfig,
    left_out: Mapping[str, tuple[str, ...]] = DATA_SETS.left_out,
) -> dict[str, Any]:
    """Train without some sources and measure on them.

    COVID-19 radiographs of the left-out sources are set against adults without COVID-19 of the
    left-out sources, where both sides are left out, else against held-out patients of the other
    sources; and the other way round.

    Parameters
    ----------
    collection : Collection
        All radiographs.
    config : TrainingConfig
        The recipe.
    left_out : mapping of str to tuple of str
        Sources that are left out together.
    """
    return {
        name: _leave_out(collection, config.model_copy(update={"leave_out": sources}))
        for name, sources in left_out.items()
    }


def _leave_out(collection: Collection, config: TrainingConfig) -> dict[str, Any]:
    rows = collection.rows(config)
    trained_on, held_out = split(collection.chosen(rows), config)
    network = collection.trained(rows[trained_on], config)
    away = np.array(
        [i for i, image in enumerate(collection.images) if image.source in config.leave_out],
        np.intp,
    )
    cases_away, controls_away = _cases_and_controls(collection, away)
    cases_home, controls_home = _cases_and_controls(collection, rows[held_out])
    cases = cases_away if len(cases_away) else cases_home
    controls = controls_away if len(controls_away) else controls_home
    both = np.r_[cases, controls]
    answers = collection.answers(network, both, config)
    column = config.codes.index(COVID)
    scores, called = answers[:, column], answers.argmax(axis=1) == column
    is_case = np.arange(len(both)) < len(cases)
    groups = np.array([image.group for image in collection.chosen(both)])

    def share(chosen: NDArray[np.bool_]) -> Interval:
        return proportion(called[chosen], groups[chosen])

    return {
        "left_out": list(config.leave_out),
        "auroc": auroc_interval(scores, is_case, groups)._asdict(),
        "cases_left_out": bool(len(cases_away)),
        "controls_left_out": bool(len(controls_away)),
        "cases_called_covid_19": share(is_case)._asdict(),
        "controls_called_covid_19": share(~is_case)._asdict(),
    }


def shortcut_audit(
    collection: Collection,
    config: TrainingConfig,
    shown: Mapping[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]],
) -> dict[str, Any]:
    """Train and test on radiographs without the lungs: whatever is still told apart is a shortcut.

    Parameters
    ----------
    collection : Collection
        All radiographs.
    config : TrainingConfig
        The recipe.
    shown : mapping of str to callable
        What is done to all radiographs in each arm; see `shortcuts.arms`.

    Returns
    -------
    dict
        For each arm the balanced accuracy of COVID-19 against normal adults, of other patients, and
        how well sources are told apart within a class by what the network made of the radiographs.
    """
    rows = collection.rows(config)
    trained_on, held_out = split(collection.chosen(rows), config)
    cases, others = _cases_and_controls(collection, rows[held_out])
    controls = np.array(
        [row for row in others if collection.images[row].label == "normal"], np.intp
    )
    both = np.r_[cases, controls]
    truth = np.r_[np.ones(len(cases), np.intp), np.zeros(len(controls), np.intp)]
    groups = np.array([image.group for image in collection.chosen(both)])
    column = config.codes.index(COVID)
    seen = collection.chosen(rows[held_out])
    report = {}
    for name, show in shown.items():
        arm = Collection(collection.images, show(collection.pixels))
        network = arm.trained(rows[trained_on], config)
        called = (arm.answers(network, both, config).argmax(axis=1) == column).astype(np.intp)
        report[name] = {
            "balanced_accuracy": bootstrap(partial(_balanced, truth, called), groups)._asdict(),
            "sources_told_apart": sources_told_apart(
                network, arm.tensor(rows[held_out], config), seen
            ),
        }
    return report


def _balanced(truth: NDArray[np.intp], called: NDArray[np.intp], drawn: Rows) -> float:
    return balanced_accuracy(truth[drawn], called[drawn])


def _cases_and_controls(collection: Collection, rows: Rows) -> tuple[Rows, Rows]:
    """Return rows with COVID-19 and rows of adults without it."""
    images = collection.chosen(rows)
    cases = np.array([image.label == COVID for image in images], dtype=bool)
    adult = np.array([not DATA_SETS.of_children(image.source) for image in images], dtype=bool)
    return rows[cases], rows[~cases & adult]


PROTOCOLS: Mapping[str, Callable[[Collection, TrainingConfig], dict[str, Any]]] = {
    "paper": paper_protocol,
    "folds": group_folds,
    "sources": leave_sources_out,
}
"""The protocols by name."""
