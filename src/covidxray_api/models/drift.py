"""Drift: whether the latest radiographs are distributed as those that a model was measured on.

The population stability index of a measure is the sum over bins of (a - e) ln(a / e), with the
share a of the latest and e of the reference in each bin (Siddiqi 2006, Credit Risk Scorecards,
chapter 8); the bins are the reference's tenths. Where nothing has changed, it is distributed as
(1/n + 1/m) times chi-squared with one degree of freedom less than there are bins, for n and m
radiographs (Yurdakul & Naranjo 2020, Statistical properties of the population stability index,
Journal of Risk Model Validation 14(4)): a shift is called one only where it is beyond chance, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from covidxray_api.models.artefacts import Declaration
from covidxray_api.models.site import DIGITS, PERCENTS, KnownHospitals, Scores
from covidxray_api.models.site import EVIDENCE as SITE_EVIDENCE
from covidxray_api.models.store import StoredModel

EVIDENCE = "drift"
"""Name of `DriftReference` in a model's evidence."""

BINS = 10

CHI_SQUARED = {BINS - 1: 27.877, 1: 10.828}
"""Quantile of 0.999 of the chi-squared distribution, by degrees of freedom."""

SHIFTED = 0.2
"""Index from which a shift is worth a look, the usual limit (Siddiqi 2006)."""

LEAST = 100
"""Fewest of the latest radiographs that are compared."""

Measure = Literal["score", "ssim", "gate_score", "distance", "rejected"]

MEASURES: tuple[Measure, ...] = ("score", "ssim", "gate_score", "distance", "rejected")
"""What is compared: the ratio that the decision rests on, see `decision.target_ratio`; similarity
to the mean radiograph; the gate's score; the distance from the radiographs of the training; and the
share of images that the gate refuses."""


class Spread(Declaration):
    """How a measure is distributed in the reference."""

    radiographs: PositiveInt
    """Number of radiographs."""

    percentiles: tuple[float, ...] = Field(min_length=len(PERCENTS), max_length=len(PERCENTS))
    """Values from the 0th to the 100th percentile."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarise values."""
        found = np.percentile(values, PERCENTS).tolist()
        rounded = tuple(float(f"{value:.{DIGITS}g}") for value in found)
        return cls(radiographs=len(values), percentiles=rounded)


class DriftReference(Declaration):
    """What `covidxray evaluate site` found of held-out radiographs of adults without COVID-19."""

    ssim: Spread
    gate_score: Spread
    refused: NonNegativeInt
    """Radiographs that the gate refused, of those in the spreads."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest radiographs: for each measure the values that there are."""

    score: Sequence[float]
    ssim: Sequence[float]
    gate_score: Sequence[float]
    distance: Sequence[float]
    rejected: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Drift:
    """What is found of one measure."""

    measure: Measure
    state: Literal["no_reference", "too_few", "stable", "shifted"]
    reference: Literal["site", "held_out"] | None
    """The site's own radiographs, or held-out ones of known hospitals; both without COVID-19."""
    radiographs: int
    """Of the latest."""
    index: float | None = None
    """Population stability index."""
    by_chance: float | None = None
    """Index that chance alone exceeds once in a thousand times."""


def drifts(model: StoredModel, latest: Latest) -> list[Drift]:
    """Compare the latest radiographs with the reference of a model, or of its site.

    Parameters
    ----------
    model : StoredModel
        The model that answered.
    latest : Latest
        What it was sent.
    """
    evidence = model.evidence
    held_out, at_hospitals = evidence.get(EVIDENCE), evidence.get(SITE_EVIDENCE)
    known = DriftReference.model_validate(held_out) if held_out else None
    hospitals = KnownHospitals.model_validate(at_hospitals) if at_hospitals else None
    own = model.site.profile if model.site else None
    return [
        _at_site(
            "score",
            latest.score,
            own.scores if own else (),
            hospitals.controls if hospitals else None,
        ),
        _compared("ssim", latest.ssim, known.ssim if known else None, "held_out"),
        _compared("gate_score", latest.gate_score, known.gate_score if known else None, "held_out"),
        _at_site(
            "distance",
            latest.distance,
            own.distances if own else (),
            hospitals.distances if hospitals else None,
        ),
        _rejections(latest.rejected, known),
    ]


def index(actual: Sequence[int], expected: Sequence[float]) -> float:
    """Return the population stability index.

    Parameters
    ----------
    actual : sequence of int
        The latest radiographs in each bin; each counts half a radiograph more, so that an empty
        one has a logarithm.
    expected : sequence of float
        Share of the reference in each bin, above 0.
    """
    counts = np.asarray(actual) + 0.5
    shares = counts / counts.sum()
    return float(np.sum((shares - expected) * np.log(shares / expected)))


def _at_site(
    measure: Measure, values: Sequence[float], own: Sequence[float], known: Scores | None
) -> Drift:
    """Compare with the site's own radiographs; with those of known hospitals if there are none."""
    if own:
        return _compared(measure, values, Spread.of(own), "site")
    spread = Spread(radiographs=known.radiographs, percentiles=known.percentiles) if known else None
    return _compared(measure, values, spread, "held_out")


def _compared(
    measure: Measure,
    values: Sequence[float],
    spread: Spread | None,
    reference: Literal["site", "held_out"],
) -> Drift:
    if spread is None:
        return Drift(measure, "no_reference", None, len(values))
    if len(values) < LEAST:
        return Drift(measure, "too_few", reference, len(values))
    tenths = spread.percentiles[BINS:-1:BINS]
    counts = np.bincount(np.searchsorted(tenths, values), minlength=BINS)
    found = index(counts.tolist(), [1 / BINS] * BINS)
    return _judged(measure, reference, len(values), found, spread.radiographs, BINS - 1)


def _rejections(rejected: Sequence[bool], known: DriftReference | None) -> Drift:
    if known is None:
        return Drift("rejected", "no_reference", None, len(rejected))
    if len(rejected) < LEAST:
        return Drift("rejected", "too_few", "held_out", len(rejected))
    n = known.ssim.radiographs
    expected = (known.refused + 0.5) / (n + 1)
    refused = sum(rejected)
    found = index([refused, len(rejected) - refused], [expected, 1 - expected])
    return _judged("rejected", "held_out", len(rejected), found, n, 1)


def _judged(
    measure: Measure,
    reference: Literal["site", "held_out"],
    n: int,
    found: float,
    m: int,
    freedom: int,
) -> Drift:
    by_chance = CHI_SQUARED[freedom] * (1 / n + 1 / m)
    state: Literal["stable", "shifted"] = (
        "shifted" if found >= SHIFTED and found > by_chance else "stable"
    )
    return Drift(measure, state, reference, n, found, by_chance)
