"""Making probabilities mean something, on films that training has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.models.decision import calibrate
from covidxray_api.models.manifest import POINTS, OperatingPoint, PredictionSet

SENSITIVE, SPECIFIC = 0.95, 0.99
"""What `screening` reaches in sensitivity, and `specific` in specificity."""

OTHERS = 0.5
"""Weight of all labels but the target."""


FOLDS = 5
"""Parts of the patients, each judged at weights fitted on the others."""


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
    coverage: float = 0.95,
) -> PredictionSet:
    """Fit class-conditional split conformal prediction sets.

    For each class the least probability is the one that a share `coverage` of its films reaches,
    with the correction for finite samples: Vovk 2012, Conditional validity of inductive conformal
    predictors; Angelopoulos & Bates 2023, Conformal Prediction, section 4.2.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities for films that neither training nor calibration has seen.
    truth : ndarray of int, shape (n,)
        Column of the true class.
    codes : sequence of str
        Label of each column.
    coverage : float
        Least share of new patients of each class whose label shall be in the set.
    """
    least = {}
    for column, code in enumerate(codes):
        own = np.sort(calibrated[truth == column, column])
        # The k-th smallest of n with k = floor((n + 1)(1 - coverage)); with too few films, nothing
        # can be ruled out.
        k = math.floor((len(own) + 1) * (1 - coverage))
        least[code] = float(own[k - 1]) if k >= 1 else 0.0
    return PredictionSet(coverage=coverage, least=least)


def fit_operating_points(
    calibrated: NDArray[np.float64],
    truth: NDArray[np.integer],
    groups: NDArray[np.str_],
    codes: Sequence[str],
    target: str,
) -> dict[str, OperatingPoint]:
    """Fit the weights of the target on radiographs that training has not seen.

    `screening` finds 95 % of the cases, `specific` calls at most 1 % of the controls so, and
    `balanced` leaves all weights alike: the most probable label is the answer. (The weight with the
    largest sum of sensitivity and specificity, Youden 1950, is far lower on the sources of
    training, and doubles the false positives on sources that were left out.) Neither end crosses
    `balanced`, so that what a stricter point calls the target, a milder one does too.

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
    """
    column = codes.index(target)
    rest = np.delete(calibrated, column, axis=1).max(axis=1)
    # A radiograph is called the target where its probability over its weight beats all others'
    # over theirs, so where this score is above the weight.
    scores = OTHERS * calibrated[:, column] / np.maximum(rest, 1e-12)
    is_case = truth == column
    called = {name: np.zeros(len(scores), dtype=np.bool_) for name in POINTS}
    # Where few patients were held out, no fold may lack what the others are fitted on.
    patients = min(len(np.unique(groups[each])) for each in (is_case, ~is_case))
    folds = StratifiedGroupKFold(min(FOLDS, patients), shuffle=True, random_state=0)
    for others, fold in folds.split(scores, is_case, groups):
        for name, weight in _fit_weights(scores[others], is_case[others]).items():
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
        for name, weight in _fit_weights(scores, is_case).items()
    }


def _fit_weights(scores: NDArray[np.float64], is_case: NDArray[np.bool_]) -> dict[str, float]:
    """Return the weight of the target at each operating point, the smallest first."""
    cases, controls = np.sort(scores[is_case]), np.sort(scores[~is_case])
    sensitive = np.nextafter(cases[math.floor((1 - SENSITIVE) * len(cases))], 0)
    specific = np.nextafter(controls[math.ceil(SPECIFIC * len(controls)) - 1], math.inf)
    weights = (min(sensitive, OTHERS), OTHERS, max(specific, OTHERS))
    return {name: max(float(weight), 1e-12) for name, weight in zip(POINTS, weights, strict=True)}
