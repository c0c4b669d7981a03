"""What a stored model is worth, measured on films that its training has not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference import LoadedModel
from covidxray_api.models.decision import calibrate, choose, remaining, weights_of
from covidxray_api.models.manifest import BALANCED, OperatingPoint
from covidxray_api.training.data.dataset import Film, counts
from covidxray_api.training.data.split import split
from covidxray_api.training.evaluation.metrics import (
    Interval,
    auroc_interval,
    balanced_accuracy,
    bootstrap,
    expected_calibration_error,
    proportion,
)
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.publishing.calibration import first_half

COVID = "covid_19"

CHILDREN = "guangzhou"
"""The source whose films are of children."""

COVERAGES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares of films, the surest first, at which the share of wrong answers is reported."""


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

    left_out: tuple[str, ...]
    """Sources that training did not see at all."""

    operating_points: Mapping[str, OperatingPoint]
    """The model's operating points."""

    @property
    def called(self) -> NDArray[np.intp]:
        """Column of each film's label where no operating point is named."""
        balanced = self.operating_points.get(BALANCED)
        return choose(self.probabilities, weights_of(self.codes, balanced))

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
    tensor = model.tensors([pixels[row] for row in rows])
    calibrated = calibrate(infer_all(model, tensor), model.manifest.temperature)
    rule = model.manifest.prediction_set
    least = np.array([rule.least[code] if rule else 0.0 for code in config.codes])
    balanced = model.manifest.operating_points.get(BALANCED)
    called = choose(calibrated, weights_of(config.codes, balanced))
    return Unseen(
        films=[films[row] for row in rows],
        probabilities=calibrated,
        held_out=np.array([films[row].path in held_out for row in rows]),
        codes=config.codes,
        in_set=remaining(calibrated, called, least),
        seed=config.seed,
        left_out=config.leave_out,
        operating_points=model.manifest.operating_points,
    )


def infer_all(model: LoadedModel, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the uncalibrated probabilities of many films, in batches: shape (n, classes)."""
    return np.concatenate(
        [model.engine.infer(tensor[at : at + 256]) for at in range(0, len(tensor), 256)]
    )


def selective_risk(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the share of wrong answers among the k surest films, for every k.

    The risk–coverage curve: El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017, section 2.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Calibrated probabilities; the largest says how sure the answer is.
    right : ndarray of bool, shape (n,)
        Whether the answer is right.
    """
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    risk: NDArray[np.float64] = np.cumsum(~right[order]) / np.arange(1, len(right) + 1)
    return risk


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
        return _figure(proportion(hits[chosen], groups[chosen]))

    uncertain = unseen.in_set.sum(axis=1) > 1
    fresh = first_half(groups[rows], unseen.seed)
    in_own_set = np.zeros(len(called), dtype=bool)
    in_own_set[rows] = unseen.in_set[rows, truth]

    risk = selective_risk(probabilities, called[rows] == truth)

    report: dict[str, Any] = {
        "held_out": {
            "films": counts(unseen.films[row] for row in rows),
            "accuracy": _figure(proportion(called[rows] == truth, groups[rows])),
            "balanced_accuracy": _figure(
                bootstrap(lambda d: balanced_accuracy(truth[d], called[rows][d]), groups[rows])
            ),
            "expected_calibration_error": expected_calibration_error(truth, probabilities),
            "prediction_set_covers": {
                code: share(in_own_set, rows[own])
                for column, code in enumerate(codes)
                if (own := fresh & (truth == column)).any()
            },
            "uncertain": share(uncertain, rows),
            "confusion": [
                [
                    int(np.sum((truth == row) & (called[rows] == column)))
                    for column in range(len(codes))
                ]
                for row in range(len(codes))
            ],
        },
        "risk_at_coverage": {
            f"{share:.0%}": float(risk[math.ceil(share * len(risk)) - 1]) for share in COVERAGES
        },
        "operating_points": {},
        "called_covid_19": {},
        "uncertain": {},
        "auroc_covid_19": {},
    }
    # With neither label nor disease of the network, a film can still be called COVID-19 wrongly.
    adult = np.array([f.label != COVID and f.source != CHILDREN for f in unseen.films])
    from_home = np.array([film.source not in unseen.left_out for film in unseen.films])
    held_out_ill = rows[truth == covid]
    for name, point in unseen.operating_points.items():
        decided = choose(unseen.probabilities, weights_of(codes, point))
        report["operating_points"][name] = {
            "covid_19_called_so": share(decided == covid, held_out_ill),
            "adults_without_called_covid_19": {
                where: share(decided == covid, np.flatnonzero(adult & chosen))
                for where, chosen in (
                    ("same sources", unseen.held_out),
                    ("sources left out", ~from_home),
                )
                if (adult & chosen).any()
            },
            "balanced_accuracy": _figure(
                bootstrap(
                    partial(_balanced_at, truth, decided[rows]),
                    groups[rows],
                )
            ),
        }
    ill = unseen.rows(label=COVID)
    scores = unseen.probabilities[:, covid]

    def told_apart(chosen: NDArray[np.intp]) -> dict[str, Any]:
        both = np.r_[ill, chosen]
        is_ill = np.arange(len(both)) < len(ill)
        return _figure(auroc_interval(scores[both], is_ill, groups[both]))

    for source in sorted({film.source for film in unseen.films}):
        for label in sorted({film.label for film in unseen.films if film.source == source}):
            chosen = unseen.rows(label=label, source=source)
            hits = {"called_covid_19": called == covid, "uncertain": uncertain}
            for figure, hit in hits.items():
                report[figure].setdefault(source, {})[label] = share(hit, chosen)
            if label != COVID:
                report["auroc_covid_19"].setdefault(source, {})[label] = told_apart(chosen)
    return report


def _balanced_at(
    truth: NDArray[np.intp], decided: NDArray[np.intp], drawn: NDArray[np.intp]
) -> float:
    return balanced_accuracy(truth[drawn], decided[drawn])


def _figure(interval: Interval) -> dict[str, Any]:
    return interval._asdict()
