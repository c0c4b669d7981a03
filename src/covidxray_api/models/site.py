"""Site calibration: operating points whose false positives a hospital's own radiographs bound.

A hospital's radiographs from before 2020 show no COVID-19. How high they score says how high a new
one must score to stand out there: split conformal prediction (Vovk 2012; Bates et al. 2023,
Testing for Outliers with Conformal p-values, section 2). The score of a radiograph is the ratio
that the decision rule compares with the weight of COVID-19; see `decision.target_ratio`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from pydantic import model_validator as validator

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.artefacts import Declaration
from covidxray_api.models.intervals import beta_quantile, exact_interval
from covidxray_api.models.manifest import BALANCED, POINTS, Manifest, OperatingPoint

ALPHAS: Mapping[str, float] = dict(zip(POINTS, (0.10, 0.05, 0.02), strict=True))
"""Largest share of false positives at each operating point, in expectation over profiles."""

LEAST_RADIOGRAPHS = 50
"""Fewest radiographs of a site; with fewer than 49, `specific` could call none COVID-19."""

LEAST_CASES = 20
"""Fewest radiographs with COVID-19 by which a site measures its sensitivity."""

LEAST_SENSITIVITY = 0.60
"""Least sensitivity to expect at `balanced` with which the service should be used."""

ALIKE = (0.1, 0.9)
"""Bounds of `SiteProfile.shift` within which the service should be used."""

DIGITS = 6
"""Significant digits of a stored score."""

PERCENTS = range(101)
"""Percentiles by which the scores of known hospitals are kept."""

EVIDENCE = "site_calibration"
"""Name of `KnownHospitals` in a model's evidence."""

Doubt = Literal["site_insensitive", "site_unlike"]
"""Why the service should not be used at a site; `texts` has the sentences."""


class Scores(Declaration):
    """How a group of held-out radiographs of known hospitals score."""

    radiographs: PositiveInt
    """Number of radiographs."""

    patients: PositiveInt
    """Number of patients."""

    percentiles: tuple[float, ...] = Field(min_length=len(PERCENTS), max_length=len(PERCENTS))
    """Scores from the 0th to the 100th percentile."""

    @classmethod
    def of(cls, scores: Sequence[float], patients: int) -> Self:
        """Summarise scores."""
        found = np.percentile(scores, PERCENTS).tolist()
        rounded = tuple(float(f"{score:.{DIGITS}g}") for score in found)
        return cls(radiographs=len(scores), patients=patients, percentiles=rounded)

    def share_below(self, score: float) -> float:
        """Return the share of the radiographs that score less."""
        return float(np.interp(score, self.percentiles, PERCENTS)) / 100


class KnownHospitals(Declaration):
    """What a site is compared with: held-out radiographs of the hospitals of a model's training."""

    cases: Scores
    """With COVID-19."""

    controls: Scores
    """Of adults without it."""


class Rate(Declaration):
    """A share with its 95 % interval."""

    value: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class SitePoint(Declaration):
    """An operating point at a site."""

    alpha: float = Field(gt=0, lt=1)
    """Largest share of false positives that is accepted."""

    weight: PositiveFloat
    """Weight of COVID-19: radiographs that score above it are called so."""

    false_positive_rate: Rate
    """Share of new radiographs of the site, without COVID-19, that are called so. Its value is the
    largest in expectation over profiles; the rate of one profile lies within the interval for 95 %
    of profiles."""

    sensitivity: Rate
    """Share of radiographs with COVID-19 that are called so; see `SiteProfile.cases_from`."""


class ModelVersion(Declaration):
    """The model that a profile was fitted for."""

    name: str
    version: str
    sha256: str
    """SHA-256 of its manifest."""


class SiteProfile(Declaration):
    """What a site's radiographs say of the operating points there; holds nothing of a patient."""

    name: str = Field(min_length=1, max_length=100)
    """Name of the site."""

    model: ModelVersion
    """The model that it was fitted for, and holds for alone."""

    radiographs: int = Field(ge=LEAST_RADIOGRAPHS)
    """Radiographs that it was fitted on."""

    refused: NonNegativeInt
    """Files that were not taken: unreadable, no frontal chest radiographs, or there twice."""

    operating_points: Mapping[str, SitePoint]
    """Operating points by name; they replace those of the model."""

    cases: PositiveInt
    """Radiographs with COVID-19, behind the sensitivities."""

    cases_from: Literal["known_hospitals", "site"]
    """Whether they are held-out ones of known hospitals, or the site's own."""

    shift: float = Field(ge=0, le=1)
    """Probability that a radiograph of the site scores higher than a held-out one of an adult
    without COVID-19 of known hospitals: 0.5 where they are alike (Mann & Whitney 1947)."""

    doubts: tuple[Doubt, ...]
    """Why the service should not be used at the site; empty if it may."""

    scores: tuple[PositiveFloat, ...]
    """Score of each of the site's radiographs, the smallest first, rounded up."""

    @validator(mode="after")
    def _operating_points_follow_from_the_scores(self) -> Self:
        if list(self.scores) != sorted(self.scores) or len(self.scores) != self.radiographs:
            raise ValueError("the scores are not in order, or not as many as the radiographs")
        if set(self.operating_points) != set(POINTS):
            raise ValueError(f"the operating points are not {', '.join(POINTS)}")
        for point in self.operating_points.values():
            if point.weight != _weight(self.scores, point.alpha):
                raise ValueError("a weight is not the one that follows from the scores")
        return self

    def p_value(self, score: float) -> float:
        """Return how seldom a radiograph of the site without COVID-19 scores as high.

        The share of the site's radiographs, the new one among them, that score at least as much:
        at most alpha with a probability of at most alpha, if the new one is exchangeable with
        them (Vovk 2012, section 2; Bates et al. 2023, eq. 2).
        """
        return (1 + sum(own >= score for own in self.scores)) / (self.radiographs + 1)

    def applied(self, manifest: Manifest) -> Manifest:
        """Return a model's manifest with the operating points of the site.

        Parameters
        ----------
        manifest : Manifest
            The model's, which has an operating point `balanced`.
        """
        balanced = manifest.operating_points[BALANCED]
        points = {
            name: OperatingPoint(
                weights={**balanced.weights, balanced.target: point.weight},
                target=balanced.target,
                sensitivity=point.sensitivity.value,
                specificity=1 - point.false_positive_rate.value,
                cases=self.cases,
                controls=self.radiographs,
            )
            for name, point in self.operating_points.items()
        }
        return manifest.model_copy(update={"operating_points": points})


@dataclass(frozen=True, slots=True)
class Site:
    """A profile in force."""

    path: Path
    profile: SiteProfile
    sha256: str
    """SHA-256 of its file."""

    @classmethod
    def read(cls, path: Path) -> Site:
        """Read a profile.

        Raises
        ------
        InvalidSiteProfile
            If there is none that can be read.
        """
        try:
            content = path.read_bytes()
            profile = SiteProfile.model_validate_json(content)
        except OSError as error:
            raise InvalidSiteProfile("unreadable", path=path, fault=error.strerror) from error
        except ValidationError as error:
            fault = error.errors()[0]["msg"]
            raise InvalidSiteProfile("unreadable", path=path, fault=fault) from error
        return cls(path, profile, hashlib.sha256(content).hexdigest())


def fit_site(
    name: str,
    model: ModelVersion,
    known: KnownHospitals,
    scores: Sequence[float],
    cases: Sequence[float] = (),
    refused: int = 0,
) -> SiteProfile:
    """Fit the profile of a site.

    Parameters
    ----------
    name : str
        Name of the site.
    model : ModelVersion
        The model.
    known : KnownHospitals
        What its held-out radiographs score.
    scores : sequence of float
        Scores of the site's radiographs, all without COVID-19; at least `LEAST_RADIOGRAPHS`.
    cases : sequence of float
        Scores of the site's radiographs with COVID-19, one of each patient; if there are none,
        those of known hospitals stand in for them. They have no part in the weights, so that the
        sensitivity is that of new ones.
    refused : int
        Files that were not taken.
    """
    stored = tuple(sorted(map(_rounded_up, scores)))
    points = {point: _point(stored, alpha, known.cases, cases) for point, alpha in ALPHAS.items()}
    shift = float(np.mean([known.controls.share_below(score) for score in stored]))
    doubts: list[Doubt] = []
    if points[BALANCED].sensitivity.value < LEAST_SENSITIVITY:
        doubts.append("site_insensitive")
    if not ALIKE[0] <= shift <= ALIKE[1]:
        doubts.append("site_unlike")
    return SiteProfile(
        name=name,
        model=model,
        radiographs=len(stored),
        refused=refused,
        operating_points=points,
        cases=len(cases) or known.cases.radiographs,
        cases_from="site" if cases else "known_hospitals",
        shift=shift,
        doubts=tuple(doubts),
        scores=stored,
    )


def false_positive_rate(n: int, alpha: float) -> Rate:
    """Return what a profile promises; see `SitePoint.false_positive_rate`.

    Given the profile, the rate is distributed as Beta(k, n + 1 - k) where no scores are tied, and
    is less where they are (Vovk 2012, proposition 2a).

    Parameters
    ----------
    n : int
        Radiographs of the site.
    alpha : float
        Largest share of false positives that is accepted.
    """
    k = _rank(n, alpha)
    return Rate(
        value=k / (n + 1),
        low=beta_quantile(0.025, k, n + 1 - k),
        high=beta_quantile(0.975, k, n + 1 - k),
    )


def _point(
    scores: Sequence[float], alpha: float, known: Scores, cases: Sequence[float]
) -> SitePoint:
    weight = _weight(scores, alpha)
    if cases:
        found, patients = float(np.mean(np.array(cases) > weight)), len(cases)
    else:
        found, patients = 1 - known.share_below(weight), known.patients
    low, high = exact_interval(found, patients)
    return SitePoint(
        alpha=alpha,
        weight=weight,
        false_positive_rate=false_positive_rate(len(scores), alpha),
        sensitivity=Rate(value=found, low=low, high=high),
    )


def _weight(scores: Sequence[float], alpha: float) -> float:
    """Return the score above which a p-value is at most alpha."""
    return scores[-_rank(len(scores), alpha)]


def _rank(n: int, alpha: float) -> int:
    """Return the largest k for which k / (n + 1) is at most alpha."""
    return sum(k / (n + 1) <= alpha for k in range(1, n + 2))


def _rounded_up(score: float) -> float:
    """Round a score so that it is never less: p-values and rates only grow."""
    rounding = Context(prec=DIGITS, rounding=ROUND_CEILING)
    return float(rounding.create_decimal_from_float(score))
