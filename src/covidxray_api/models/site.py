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
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from pydantic import model_validator as validator

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.artefacts import Declaration, fault_of
from covidxray_api.models.manifest import BALANCED, POINTS, Manifest, OperatingPoint
from covidxray_api.models.site_temperature import Temperature

LEAST_RADIOGRAPHS = 50
"""Fewest radiographs of a site; with fewer than 49, `specific` could call none COVID-19."""

DIGITS = 6
"""Significant digits of a stored score."""

PERCENTS = range(101)
"""Percentiles by which the scores of known hospitals are kept."""

EVIDENCE = "site_calibration"
"""Name of `KnownHospitals` in a model's evidence."""

Doubt = Literal["site_insensitive", "site_unlike", "site_far"]
"""Why the service should not be used at a site; `texts` has the sentences."""


class Scores(Declaration):
    """How a group of held-out radiographs of known hospitals score, or how far they lie."""

    radiographs: PositiveInt
    """Number of radiographs."""

    patients: PositiveInt
    """Number of patients."""

    percentiles: tuple[float, ...] = Field(min_length=len(PERCENTS), max_length=len(PERCENTS))
    """Values from the 0th to the 100th percentile."""

    @classmethod
    def of(cls, scores: Sequence[float], patients: int) -> Self:
        """Summarise values."""
        found = np.percentile(scores, PERCENTS).tolist()
        rounded = tuple(float(f"{score:.{DIGITS}g}") for score in found)
        return cls(radiographs=len(scores), patients=patients, percentiles=rounded)

    def share_below(self, score: float) -> float:
        """Return the share of the radiographs that score less."""
        return float(np.interp(score, self.percentiles, PERCENTS)) / 100

    def mean_share_below(self, scores: Sequence[float]) -> float:
        """Return the probability that one of others scores higher than one of these."""
        return float(np.mean([self.share_below(score) for score in scores]))


class KnownHospitals(Declaration):
    """What a site is compared with: held-out radiographs of the hospitals of a model's training."""

    cases: Scores
    """With COVID-19."""

    controls: Scores
    """Of adults without it."""

    distances: Scores | None = None
    """How far the latter lie from what the network has learned from; none if it does not say so."""

    remotest: float | None = Field(default=None, ge=0, le=1)
    """`Remoteness.value` that 97.5 % of profiles from any one of the hospitals do not exceed."""

    def tempered(self, factor: float, weight: float) -> Self:
        """Return the same, as they score at another temperature.

        Parameters
        ----------
        factor : float
            The temperature over the one that they were scored at.
        weight : float
            Weight of each label but the target.
        """

        def at(scores: Scores) -> Scores:
            found = [weight * (each / weight) ** (1 / factor) for each in scores.percentiles]
            return scores.model_copy(update={"percentiles": tuple(found)})

        return self.model_copy(update={"cases": at(self.cases), "controls": at(self.controls)})


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


class Remoteness(Declaration):
    """How far the radiographs of a site lie from what the network has learned from."""

    value: float = Field(ge=0, le=1)
    """Probability that one of them lies farther than a held-out one of an adult without COVID-19 of
    known hospitals: 0.5 where they are alike (Mann & Whitney 1947)."""

    most: float = Field(ge=0, le=1)
    """Of nearly all profiles from known hospitals; above it the service should not be used."""


class Labelled(Declaration):
    """What the radiographs say that a site has labelled."""

    radiographs: PositiveInt
    """Number of them."""

    cases: NonNegativeInt
    """Those with COVID-19."""

    found: Rate | None
    """Share of the latter that are called so at `balanced`; none if there are none."""

    temperature: Temperature
    """In place of the model's."""


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

    remoteness: Remoteness | None = None
    """How far the site lies from known hospitals; none if the network does not say."""

    labelled: Labelled | None = None
    """What the radiographs say that the site has labelled; none without any."""

    doubts: tuple[Doubt, ...]
    """Why the service should not be used at the site; empty if it may."""

    scores: tuple[PositiveFloat, ...]
    """Score of each of the site's radiographs, the smallest first, rounded up."""

    distances: tuple[float, ...] = ()
    """How far each lies from what the network has learned from, the nearest first."""

    @validator(mode="after")
    def _operating_points_follow_from_the_scores(self) -> Self:
        if list(self.scores) != sorted(self.scores) or len(self.scores) != self.radiographs:
            raise ValueError("the scores are not in order, or not as many as the radiographs")
        if set(self.operating_points) != set(POINTS):
            raise ValueError(f"the operating points are not {', '.join(POINTS)}")
        for point in self.operating_points.values():
            if point.weight != weight_at(self.scores, point.alpha):
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
        """Return a model's manifest with the operating points of the site, and its temperature.

        The prediction set stays as it is: the model's own probabilities decide on it.

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
        changed: dict[str, Any] = {"operating_points": points}
        if self.labelled:
            changed["temperature"] = self.labelled.temperature.value
            if rule := manifest.prediction_set:
                own = {"temperature": manifest.temperature}
                changed["prediction_set"] = rule.model_copy(update=own)
        return manifest.model_copy(update=changed)


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
        except (OSError, ValidationError) as error:
            raise InvalidSiteProfile("unreadable", path=path, fault=fault_of(error)) from error
        return cls(path, profile, hashlib.sha256(content).hexdigest())


def weight_at(scores: Sequence[float], alpha: float) -> float:
    """Return the score above which a p-value is at most alpha."""
    return scores[-rank(len(scores), alpha)]


def rank(n: int, alpha: float) -> int:
    """Return the largest k for which k / (n + 1) is at most alpha."""
    return sum(k / (n + 1) <= alpha for k in range(1, n + 2))
