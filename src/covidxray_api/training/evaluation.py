"""What a stored model is worth, measured on films that its training has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference.models import LoadedModel, calibrate
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.calibration import first_half
from covidxray_api.training.config import TrainingConfig
from covidxray_api.training.dataset import Film, counts
from covidxray_api.training.metrics import (
    Interval,
    auroc,
    balanced_accuracy,
    bootstrap,
    expected_calibration_error,
)
from covidxray_api.training.split import split

COVID = "covid_19"


@dataclass(frozen=True)
class Unseen:
    """Films that a model's training has not seen, with what the model says of them."""

    films: list[Film]
    probabilities: NDArray[np.float64]
    """Calibrated, shape (n, classes)."""

    held_out: NDArray[np.bool_]
    """Whether the film belongs to the validation part of the model's own split."""

    codes: list[str]
    """Label of each column."""

    in_set: NDArray[np.bool_]
    """Whether each label belongs to the film's prediction set, shape (n, classes)."""

    seed: int
    """Seed of the model's split."""

    @property
    def called(self) -> NDArray[np.intp]:
        """Column of the predicted label of each film."""
        columns: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return columns

    @property
    def groups(self) -> NDArray[np.str_]:
        """Group of each film."""
        return np.array([film.group for film in self.films])

    def sample(self, n: int) -> list[Film]:
        """Draw up to `n` held-out films whose label the model knows."""
        known = [
            film
            for film, held_out in zip(self.films, self.held_out, strict=True)
            if held_out and film.label in self.codes
        ]
        order = np.random.default_rng(self.seed).permutation(len(known))
        return [known[row] for row in order[:n]]

    def rows(self, *, label: str | None = None, source: str | None = None) -> NDArray[np.intp]:
        """Return the rows of the films with a label, of a source, or both."""
        return np.array(
            [
                row
                for row, film in enumerate(self.films)
                if label in (None, film.label) and source in (None, film.source)
            ],
            dtype=np.intp,
        )


def predict_unseen(model: LoadedModel, films: Sequence[Film], pixels: NDArray[np.uint8]) -> Unseen:
    """Let a model answer for every film whose patient its training has not seen.

    The split is repeated from the configuration in the manifest.

    Parameters
    ----------
    model : LoadedModel
        The model.
    films : sequence of Film
        All films of the data folder that it was trained from.
    pixels : ndarray of uint8, shape (n, height, width)
        The films at the model's input size.
    """
    config = TrainingConfig.model_validate(model.manifest.training["configuration"])
    suitable = config.suitable(films)
    trained_on, held_out_rows = split(suitable, config)
    trained_paths = {suitable[row].path for row in trained_on}
    held_out = {suitable[row].path for row in held_out_rows}
    trained_groups = {suitable[row].group for row in trained_on}
    rows = [
        row
        for row, film in enumerate(films)
        if film.path in held_out
        or (film.path not in trained_paths and film.group not in trained_groups)
    ]
    tensor = preprocess([pixels[row] for row in rows], model.manifest.input_size)
    probabilities = np.concatenate(
        [model.engine.infer(tensor[at : at + 256]) for at in range(0, len(tensor), 256)]
    )
    calibrated = calibrate(probabilities, model.manifest.temperature)
    rule = model.manifest.prediction_set
    least = rule.least if rule else dict.fromkeys(config.codes, 0.0)
    return Unseen(
        films=[films[row] for row in rows],
        probabilities=calibrated,
        held_out=np.array([films[row].path in held_out for row in rows]),
        codes=config.codes,
        in_set=calibrated >= np.array([least[code] for code in config.codes]),
        seed=config.seed,
    )


def evaluate(unseen: Unseen) -> dict[str, Any]:
    """Measure what a model says of films that its training has not seen.

    Parameters
    ----------
    unseen : Unseen
        What `predict_unseen` returned.

    Returns
    -------
    dict
        JSON-ready; every figure with its 95 % bootstrap interval by patient and its n.
    """
    codes, called = unseen.codes, unseen.called
    known = np.array([film.label in codes for film in unseen.films]) & unseen.held_out
    rows = np.flatnonzero(known)
    truth = np.array([codes.index(unseen.films[row].label) for row in rows])
    probabilities, groups = unseen.probabilities[rows], unseen.groups
    covid = codes.index(COVID)

    def share(hits: NDArray[np.bool_], chosen: NDArray[np.intp]) -> dict[str, Any]:
        return _figure(bootstrap(lambda drawn: float(hits[drawn].mean()), groups[chosen]))

    alone = unseen.in_set.sum(axis=1) == 1
    uncertain = ~(alone & unseen.in_set[np.arange(len(called)), called])
    fresh = first_half(groups[rows], unseen.seed)
    covered = unseen.in_set[rows, truth]

    report: dict[str, Any] = {
        "held_out": {
            "films": counts(unseen.films[row] for row in rows),
            "accuracy": _figure(
                bootstrap(lambda d: float(np.mean(called[rows][d] == truth[d])), groups[rows])
            ),
            "balanced_accuracy": _figure(
                bootstrap(lambda d: balanced_accuracy(truth[d], called[rows][d]), groups[rows])
            ),
            "expected_calibration_error": expected_calibration_error(truth, probabilities),
            "prediction_set_covers": {
                code: share(covered[own], rows[own])
                for column, code in enumerate(codes)
                if (own := fresh & (truth == column)).any()
            },
            "uncertain": share(uncertain[rows], rows),
            "confusion": [
                [
                    int(np.sum((truth == row) & (called[rows] == column)))
                    for column in range(len(codes))
                ]
                for row in range(len(codes))
            ],
        },
        "called_covid_19": {},
        "uncertain": {},
        "auroc_covid_19": {},
    }
    ill = unseen.rows(label=COVID)
    scores = unseen.probabilities[:, covid]

    def told_apart(chosen: NDArray[np.intp]) -> dict[str, Any]:
        both = np.r_[ill, chosen]
        is_ill = np.arange(len(both)) < len(ill)

        def statistic(drawn: NDArray[np.intp]) -> float:
            drawn_scores, drawn_ill = scores[both[drawn]], is_ill[drawn]
            return auroc(drawn_scores[drawn_ill], drawn_scores[~drawn_ill])

        return _figure(bootstrap(statistic, groups[both]))

    for source in sorted({film.source for film in unseen.films}):
        for label in sorted({film.label for film in unseen.films if film.source == source}):
            chosen = unseen.rows(label=label, source=source)
            hits = {"called_covid_19": called == covid, "uncertain": uncertain}
            for figure, hit in hits.items():
                report[figure].setdefault(source, {})[label] = share(hit[chosen], chosen)
            if label != COVID:
                report["auroc_covid_19"].setdefault(source, {})[label] = told_apart(chosen)
    return report


def _figure(interval: Interval) -> dict[str, Any]:
    return interval._asdict()
