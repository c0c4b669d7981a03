"""What a stored model is worth, measured on radiographs that its training has not seen."""

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
from covidxray_api.models.evidence import ELSEWHERE, FALSE_POSITIVES, ONE_LEFT_OUT
from covidxray_api.models.manifest import BALANCED, OperatingPoint
from covidxray_api.training.data.dataset import LabelledImage, counts
from covidxray_api.training.data.sources import COVID, DATA_SETS
from covidxray_api.training.data.split import repeat_split
from covidxray_api.training.evaluation.metrics import (
    Interval,
    auroc_interval,
    balanced_accuracy,
    bootstrap,
    expected_calibration_error,
    proportion,
)
from covidxray_api.training.publishing.calibration import first_half

COVERAGES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares of radiographs, the surest first, at which the share of wrong answers is reported."""


@dataclass(frozen=True)
class Unseen:
    """Radiographs that a model's training has not seen, with what the model says of them."""

    images: list[LabelledImage]
    probabilities: NDArray[np.float64]
    """Calibrated, shape (n, classes)."""

    held_out: NDArray[np.bool_]
    """Whether the radiograph belongs to the validation part of the model's own split."""

    codes: list[str]
    """Label of each column."""

    in_set: NDArray[np.bool_]
    """Whether each label belongs to the radiograph's prediction set, shape (n, classes)."""

    seed: int
    """Seed of the model's split."""

    elsewhere: NDArray[np.bool_]
    """Whether the radiograph comes from an archive of which training saw nothing."""

    operating_points: Mapping[str, OperatingPoint]
    """The model's operating points."""

    @property
    def called(self) -> NDArray[np.intp]:
        """Column of each radiograph's label where no operating point is named."""
        balanced = self.operating_points.get(BALANCED)
        return choose(self.probabilities, weights_of(self.codes, balanced))

    @property
    def groups(self) -> NDArray[np.str_]:
        """Group of each radiograph."""
        return np.array([image.group for image in self.images])

    def sample(self, n: int) -> list[LabelledImage]:
        """Draw up to `n` held-out radiographs whose label the model knows."""
        known = [
            image
            for image, held_out in zip(self.images, self.held_out, strict=True)
            if held_out and image.label in self.codes
        ]
        order = np.random.default_rng(self.seed).permutation(len(known))
        return [known[row] for row in order[:n]]

    def rows(self, *, label: str | None = None, source: str | None = None) -> NDArray[np.intp]:
        """Return the rows of the radiographs with a label, of a source, or both."""
        return np.array(
            [
                row
                for row, image in enumerate(self.images)
                if label in (None, image.label) and source in (None, image.source)
            ],
            dtype=np.intp,
        )


def predict_unseen(
    model: LoadedModel, images: Sequence[LabelledImage], pixels: NDArray[np.uint8]
) -> Unseen:
    """Let a model answer for every radiograph whose patient its training has not seen.

    The split is repeated from the configuration in the manifest; see `repeat_split`.

    Parameters
    ----------
    model : LoadedModel
        The model.
    images : sequence of LabelledImage
        All radiographs of the data folder that it was trained from.
    pixels : ndarray of uint8, shape (n, height, width)
        The radiographs at the model's input size.
    """
    trained_on, held_out_images, config = repeat_split(
        images, model.manifest.training, model.manifest.name
    )
    trained_paths = {image.path for image in trained_on}
    held_out = {image.path for image in held_out_images}
    trained_groups = {image.group for image in trained_on}
    trained_archives = DATA_SETS.archives(image.source for image in (*trained_on, *held_out_images))
    rows = [
        row
        for row, image in enumerate(images)
        if image.path in held_out
        or (image.path not in trained_paths and image.group not in trained_groups)
    ]
    tensor = model.tensors([pixels[row] for row in rows])
    calibrated = calibrate(infer_all(model, tensor), model.manifest.temperature)
    rule = model.manifest.prediction_set
    least = np.array([rule.least[code] if rule else 0.0 for code in config.codes])
    balanced = model.manifest.operating_points.get(BALANCED)
    called = choose(calibrated, weights_of(config.codes, balanced))
    return Unseen(
        images=[images[row] for row in rows],
        probabilities=calibrated,
        held_out=np.array([images[row].path in held_out for row in rows]),
        codes=config.codes,
        in_set=remaining(calibrated, called, least),
        seed=config.seed,
        elsewhere=np.array(
            [DATA_SETS.archive(images[row].source) not in trained_archives for row in rows]
        ),
        operating_points=model.manifest.operating_points,
    )


def infer_all(model: LoadedModel, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the uncalibrated probabilities of many radiographs, in batches: shape (n, classes)."""
    return np.concatenate(
        [model.engine.infer(tensor[at : at + 256]) for at in range(0, len(tensor), 256)]
    )


def selective_risk(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the share of wrong answers among the k surest radiographs, for every k.

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
    """Measure what a model says of radiographs that its training has not seen.

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
    known = np.array([image.label in codes for image in unseen.images]) & unseen.held_out
    rows = np.flatnonzero(known)
    truth = np.array([codes.index(unseen.images[row].label) for row in rows])
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
            "films": counts(unseen.images[row] for row in rows),
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
    # With neither label nor disease of the network, a radiograph can still be called COVID-19
    # wrongly.
    adult = np.array(
        [f.label != COVID and not DATA_SETS.of_children(f.source) for f in unseen.images]
    )
    held_out_cases = rows[truth == covid]
    sources = np.array([image.source for image in unseen.images])
    places = {"same sources": unseen.held_out, ELSEWHERE: unseen.elsewhere} | {
        ONE_LEFT_OUT.format(source=source): unseen.elsewhere & (sources == source)
        for source in np.unique(sources[unseen.elsewhere & adult]).tolist()
    }
    for name, point in unseen.operating_points.items():
        decided = choose(unseen.probabilities, weights_of(codes, point))
        report["operating_points"][name] = {
            "covid_19_called_so": share(decided == covid, held_out_cases),
            FALSE_POSITIVES: {
                where: share(decided == covid, np.flatnonzero(adult & chosen))
                for where, chosen in places.items()
                if (adult & chosen).any()
            },
            "balanced_accuracy": _figure(
                bootstrap(
                    partial(_balanced_at, truth, decided[rows]),
                    groups[rows],
                )
            ),
        }
    cases = unseen.rows(label=COVID)
    scores = unseen.probabilities[:, covid]

    def told_apart(chosen: NDArray[np.intp]) -> dict[str, Any]:
        both = np.r_[cases, chosen]
        is_case = np.arange(len(both)) < len(cases)
        return _figure(auroc_interval(scores[both], is_case, groups[both]))

    for source in sorted({image.source for image in unseen.images}):
        for label in sorted({image.label for image in unseen.images if image.source == source}):
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
