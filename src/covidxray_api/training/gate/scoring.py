"""The gate's score: how its signals are weighed, and the least score that is accepted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from covidxray_api.consistency.gate import Signals, Weights
from covidxray_api.training.gate.leave_one_out import LeaveOneOut

REFUSED = 0.008
"""Share of radiographs that the threshold refuses, of those that it is fitted on."""


def fit_weights(runs: Iterable[LeaveOneOut]) -> Weights:
    """Weigh network, distance and similarity on images of kinds that the network has not seen.

    Parameters
    ----------
    runs : iterable of LeaveOneOut
        Each without one kind of image; kinds weigh alike, and together as much as the radiographs.
    """
    terms, is_radiograph, weight = [], [], []
    for run in runs:
        for rows, truth in ((run.fitting, True), (run.others, False)):
            terms += [Signals(*row).terms for row in rows]
            is_radiograph += [truth] * len(rows)
            weight += [1 / len(rows)] * len(rows)
    weighed = np.array(weight) * len(weight) / sum(weight)
    fitted = LogisticRegression(max_iter=1000).fit(terms, is_radiograph, sample_weight=weighed)
    frontal, distance, ssim = map(float, fitted.coef_[0])
    return Weights(frontal=frontal, distance=distance, ssim=ssim, bias=float(fitted.intercept_[0]))


def scores(weights: Weights, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the score of many images; see `Weights.score`."""
    return np.array([weights.score(Signals(*row)) for row in signals.astype(float)])


def fit_threshold(weights: Weights, runs: Iterable[LeaveOneOut]) -> float:
    """Return the threshold that refuses few radiographs, by the gates of the runs.

    They were trained for less long than the gate that serves, which is the surer and refuses fewer.

    Parameters
    ----------
    weights : Weights
        See `fit_weights`.
    runs : iterable of LeaveOneOut
        Each without one kind of image.
    """
    of_radiographs = np.concatenate([scores(weights, run.fitting) for run in runs])
    return float(np.quantile(of_radiographs, REFUSED))
