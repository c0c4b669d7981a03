"""Making probabilities mean something, on films that training has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from covidxray_api.inference.models import calibrate
from covidxray_api.model_store import PredictionSet


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
