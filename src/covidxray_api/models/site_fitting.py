"""Fitting the profile of a site; see `models.site` for what it holds and promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Context
from typing import NamedTuple

import numpy as np

from covidxray_api.models.intervals import beta_quantile, exact_interval
from covidxray_api.models.manifest import BALANCED, POINTS
from covidxray_api.models.site import (
    DIGITS,
    Doubt,
    KnownHospitals,
    Labelled,
    ModelVersion,
    Rate,
    Remoteness,
    Scores,
    SitePoint,
    SiteProfile,
    rank,
    weight_at,
)
from covidxray_api.models.site_temperature import Temperature

ALPHAS: Mapping[str, float] = dict(zip(POINTS, (0.10, 0.05, 0.02), strict=True))
"""Largest share of false positives at each operating point, in expectation over profiles."""

LEAST_CASES = 20
"""Fewest radiographs with COVID-19 by which a site measures its sensitivity."""

LEAST_SENSITIVITY = 0.60
"""Least sensitivity to expect at `balanced` with which the service should be used."""

ALIKE = (0.1, 0.9)
"""Bounds of `SiteProfile.shift` within which the service should be used."""


class Labels(NamedTuple):
    """What the radiographs say that a site has labelled."""

    radiographs: int
    """Number of them."""

    cases: Sequence[float]
    """Scores of those with COVID-19, at the site's temperature."""

    temperature: Temperature
    """See `site_temperature.fit_temperature`."""


def fit_site(
    name: str,
    model: ModelVersion,
    known: KnownHospitals,
    scores: Sequence[float],
    cases: Sequence[float] = (),
    refused: int = 0,
    distances: Sequence[float] = (),
    labels: Labels | None = None,
) -> SiteProfile:
    """Fit the profile of a site.

    Parameters
    ----------
    name : str
        Name of the site.
    model : ModelVersion
        The model.
    known : KnownHospitals
        What its held-out radiographs score, at the same temperature as those of the site.
    scores : sequence of float
        Scores of the site's radiographs, all without COVID-19; at least `LEAST_RADIOGRAPHS`.
    cases : sequence of float
        Scores of the site's radiographs with COVID-19, one of each patient; if there are none,
        those of known hospitals stand in for them. They have no part in the weights, so that the
        sensitivity is that of new ones.
    refused : int
        Files that were not taken.
    distances : sequence of float
        How far the radiographs lie from what the network has learned from; none if it does not say
        so.
    labels : Labels, optional
        What the site has labelled; its cases count as further `cases` where these are at least
        `LEAST_CASES` together.
    """
    own = [*cases, *(labels.cases if labels else ())]
    cases = own if len(own) >= LEAST_CASES else ()
    stored = tuple(sorted(map(_rounded_up, scores)))
    points = {point: _point(stored, alpha, known.cases, cases) for point, alpha in ALPHAS.items()}
    shift = known.controls.mean_share_below(stored)
    doubts: list[Doubt] = []
    if points[BALANCED].sensitivity.value < LEAST_SENSITIVITY:
        doubts.append("site_insensitive")
    if not ALIKE[0] <= shift <= ALIKE[1]:
        doubts.append("site_unlike")
    remoteness = _remoteness(known, distances)
    if remoteness and remoteness.value > remoteness.most:
        doubts.append("site_far")
    return SiteProfile(
        name=name,
        model=model,
        radiographs=len(stored),
        refused=refused,
        operating_points=points,
        cases=len(cases) or known.cases.radiographs,
        cases_from="site" if cases else "known_hospitals",
        shift=shift,
        remoteness=remoteness,
        labelled=_labelled(labels, points[BALANCED].weight) if labels else None,
        doubts=tuple(doubts),
        scores=stored,
        distances=tuple(sorted(float(f"{each:.{DIGITS}g}") for each in distances)),
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
    k = rank(n, alpha)
    return Rate(
        value=k / (n + 1),
        low=beta_quantile(0.025, k, n + 1 - k),
        high=beta_quantile(0.975, k, n + 1 - k),
    )


def _remoteness(known: KnownHospitals, distances: Sequence[float]) -> Remoteness | None:
    if not distances or known.distances is None or known.remotest is None:
        return None
    return Remoteness(value=known.distances.mean_share_below(distances), most=known.remotest)


def _point(
    scores: Sequence[float], alpha: float, known: Scores, cases: Sequence[float]
) -> SitePoint:
    weight = weight_at(scores, alpha)
    at_known = 1 - known.share_below(weight)
    return SitePoint(
        alpha=alpha,
        weight=weight,
        false_positive_rate=false_positive_rate(len(scores), alpha),
        sensitivity=_found(cases, weight) if cases else _rate(at_known, known.patients),
    )


def _found(cases: Sequence[float], weight: float) -> Rate:
    """Return the share of a site's cases that score above a weight."""
    return _rate(float(np.mean(np.array(cases) > weight)), len(cases))


def _rate(value: float, n: int) -> Rate:
    low, high = exact_interval(value, n)
    return Rate(value=value, low=low, high=high)


def _labelled(labels: Labels, weight: float) -> Labelled:
    return Labelled(
        radiographs=labels.radiographs,
        cases=len(labels.cases),
        found=_found(labels.cases, weight) if labels.cases else None,
        temperature=labels.temperature,
    )


def _rounded_up(score: float) -> float:
    """Round a score so that it is never less: p-values and rates only grow."""
    rounding = Context(prec=DIGITS, rounding=ROUND_CEILING)
    return float(rounding.create_decimal_from_float(score))
