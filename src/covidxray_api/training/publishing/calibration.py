"""Making probabilities mean something, on radiographs that training has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.models.decision import calibrate, largest_weights
from covidxray_api.models.manifest import POINTS, OperatingPoint, PredictionSet

SENSITIVE, SPECIFIC = 0.95, 0.99
"""What `screening` reaches in sensitivity, and `specific` in specificity."""

TRAVELS, FINDS = 0.10, 0.80
"""Largest share of the controls of any hospital left out that `balanced` calls cases, and least
share of the cases that it still finds; the second goes before the first."""

OTHERS = 0.5
"""Weight of all labels but the target."""


FOLDS = 5
"""Parts of the patients, each judged at weights fitted on the others."""


class Hospital(NamedTuple):
    """Radiographs of a hospital that training has not seen."""

    calibrated: NDArray[np.float64]
    """Calibrated probabilities, shape (n, classes)."""

    truth: NDArray[np.integer]
    """Column of the true class; -1 for radiographs with none of them."""


def first_half(groups: NDArray[np.str_], seed: int) -> NDArray[np.bool_]:
    """Divide held-out films by patient: one half for the temperature, the other for the sets.

    The guarantee of a conformal set asks for films that nothing else was fitted on; its coverage is
    measured on the first half.

    Parameters
    ----------
    groups : ndarray of str, shape (n,)
        Group of each film.
    seed : int
        Seed of the division.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether the film belongs to the first half.
    """
    distinct = np.unique(groups)
    chosen = np.random.default_rng(seed).permutation(distinct)[: len(distinct) // 2]
    return np.isin(groups, chosen)


def fit_temperature(probabilities: NDArray[np.float32], truth: NDArray[np.integer]) -> float:
    """Return the temperature under which the true classes are most likely.

    Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n, classes)
        Softmax outputs for films that training has not seen.
    truth : ndarray of int, shape (n,)
        Column of the true class.
    """

    def negative_log_likelihood(log_temperature: float) -> float:
        calibrated = calibrate(probabilities, math.exp(log_temperature))
        likelihoods = calibrated[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(likelihoods, 1e-12)).mean())

    return math.exp(minimize_scalar(negative_log_likelihood, bounds=(-2, 2), method="bounded").x)


def fit_prediction_set(
    calibrated: NDArray[np.float64],
    truth: NDArray[np.integer],
    codes: Sequence[str],
    hospitals: Sequence[Hospital] = (),
    coverage: float = 0.95,
) -> PredictionSet:
    """Fit class-conditional split conformal prediction sets.

    For each class the least probability is the one that a share `coverage` of its images reaches,
    with the correction for finite samples: Vovk 2012, Conditional validity of inductive conformal
    predictors; Angelopoulos & Bates 2023, Conformal Prediction, section 4.2. It is fitted at home
    and at each hospital left out, and the smallest holds.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities for films that neither training nor calibration has seen.
    truth : ndarray of int, shape (n,)
        Column of the true class.
    codes : sequence of str
        Label of each column.
    hospitals : sequence of Hospital
        Hospitals that training has not seen.
    coverage : float
        Least share of new patients of each class whose label shall be in the set.
    """
    places = [(calibrated, truth), *((each.calibrated, each.truth) for each in hospitals)]
    least = {}
    for column, code in enumerate(codes):
        own = [values[labels == column, column] for values, labels in places]
        at_home, *elsewhere = own
        reached = [_reached(at_home, coverage)]
        reached += [_reached(values, coverage) for values in elsewhere if len(values)]
        least[code] = min(reached)
    return PredictionSet(coverage=coverage, least=least)


def _reached(values: NDArray[np.float64], share: float) -> float:
    """Return the k-th smallest of n values, k = floor((n + 1)(1 - share)); 0 if there is none."""
    k = math.floor((len(values) + 1) * (1 - share))
    return float(np.sort(values)[k - 1]) if k >= 1 else 0.0


def fit_operating_points(
    calibrated: NDArray[np.float64],
    truth: NDArray[np.integer],
    groups: NDArray[np.str_],
    codes: Sequence[str],
    target: str,
    hospitals: Sequence[Hospital] = (),
) -> dict[str, OperatingPoint]:
    """Fit the weights of the target on radiographs that training has not seen.

    `screening` finds 95 % of the cases, and `specific` calls at most 1 % of the controls so.
    `balanced` calls at most a tenth of the controls of each hospital left out so, as far as it
    still finds 80 % of the cases; where none was left out, or the most probable label does so
    already, all weights are alike. (The weight with the largest sum of sensitivity and specificity,
    Youden 1950, is far lower on the sources of training, and doubles the false positives on sources
    that were left out.) Neither end crosses `balanced`, so that what a stricter point calls the
    target, a milder one does too.

    Sensitivity and specificity are cross-fitted: each radiograph is judged at weights that were
    fitted on other patients.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities.
    truth : ndarray of int, shape (n,)
        Column of the true class; -1 for radiographs with none of them.
    groups : ndarray of str, shape (n,)
        Patient of each.
    codes : sequence of str
        Label of each column.
    target : str
        The label whose weight is chosen.
    hospitals : sequence of Hospital
        Hospitals that training has not seen.
    """
    column = codes.index(target)
    scores = _scores(calibrated, column)
    away = [
        _scores(each.calibrated[each.truth != column], column)
        for each in hospitals
        if (each.truth != column).any()
    ]
    is_case = truth == column
    called = {name: np.zeros(len(scores), dtype=np.bool_) for name in POINTS}
    # Where few patients were held out, no fold may lack what the others are fitted on.
    patients = min(len(np.unique(groups[each])) for each in (is_case, ~is_case))
    folds = StratifiedGroupKFold(min(FOLDS, patients), shuffle=True, random_state=0)
    for others, fold in folds.split(scores, is_case, groups):
        for name, weight in _fit_weights(scores[others], is_case[others], away).items():
            called[name][fold] = scores[fold] > weight
    return {
        name: OperatingPoint(
            weights={code: weight if code == target else OTHERS for code in codes},
            target=target,
            sensitivity=float(called[name][is_case].mean()),
            specificity=float((~called[name][~is_case]).mean()),
            cases=int(is_case.sum()),
            controls=int((~is_case).sum()),
        )
        for name, weight in _fit_weights(scores, is_case, away).items()
    }


def _scores(calibrated: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Return the weight of the target below which each radiograph is called so."""
    return largest_weights(calibrated, np.full(calibrated.shape[1], OTHERS), column)


def _fit_weights(
    scores: NDArray[np.float64], is_case: NDArray[np.bool_], away: Sequence[NDArray[np.float64]]
) -> dict[str, float]:
    """Return the weight of the target at each operating point, the smallest first."""
    cases, controls = scores[is_case], scores[~is_case]
    travels = max([OTHERS, *(_exceeded(each, TRAVELS) for each in away)])
    balanced = max(OTHERS, min(travels, _found(cases, FINDS)))
    weights = (
        min(_found(cases, SENSITIVE), balanced),
        balanced,
        max(_exceeded(controls, 1 - SPECIFIC), balanced),
    )
    return {name: max(weight, 1e-12) for name, weight in zip(POINTS, weights, strict=True)}


def _found(cases: NDArray[np.float64], share: float) -> float:
    """Return the largest weight at which a share of the cases is called so."""
    return float(np.nextafter(np.sort(cases)[math.floor((1 - share) * len(cases))], 0))


def _exceeded(controls: NDArray[np.float64], share: float) -> float:
    """Return the smallest weight at which no more than a share of the controls is called so."""
    return float(np.nextafter(np.sort(controls)[math.ceil((1 - share) * len(controls)) - 1], 9e99))
