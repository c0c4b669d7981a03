"""Figures of merit, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.floating]
Rows = NDArray[np.intp]


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int
    """Radiographs that it was measured on."""

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f}, n = {self.n:,})"


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the probability that a positive scores higher than a negative, ties half.

    Raises
    ------
    ValueError
        If there are no positives or no negatives.
    """
    if not len(positive) or not len(negative):
        raise ValueError("AUROC needs positives and negatives.")
    truth = np.r_[np.ones(len(positive)), np.zeros(len(negative))]
    return float(roc_auc_score(truth, np.r_[positive, negative]))


def proportion(hits: NDArray[np.bool_], groups: NDArray[np.str_]) -> Interval:
    """Return the share of hits with its 95 % interval.

    By `bootstrap`, but for a share of 0 or 1, which every draw would repeat: there it is Wilson's
    (1927, eq. 1; Brown, Cai & DasGupta 2001), by the number of groups.

    Parameters
    ----------
    hits : ndarray of bool, shape (n,)
        Which count.
    groups : ndarray of str, shape (n,)
        Group of each.
    """
    if len(hits) and (hits.all() or not hits.any()):
        patients = len(np.unique(groups))
        found = binomtest(patients if hits.all() else 0, patients).proportion_ci(method="wilson")
        return Interval(float(hits.mean()), float(found.low), float(found.high), len(hits))
    return bootstrap(lambda drawn: float(hits[drawn].mean()), groups)


def auroc_interval(
    scores: Floats, positive: NDArray[np.bool_], groups: NDArray[np.str_], repeats: int = 500
) -> Interval:
    """Return the AUROC of scores with its interval; see `auroc` and `bootstrap`.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Higher for positives.
    positive : ndarray of bool, shape (n,)
        Which are.
    groups : ndarray of str, shape (n,)
        Group of each.
    repeats : int
        Number of draws.
    """

    def of(drawn: Rows) -> float:
        return auroc(scores[drawn][positive[drawn]], scores[drawn][~positive[drawn]])

    return bootstrap(of, groups, repeats)


def balanced_accuracy(truth: NDArray[np.integer], called: NDArray[np.integer]) -> float:
    """Return the mean over classes of the share of its radiographs that is called right."""
    return float(np.mean([np.mean(called[truth == label] == label) for label in np.unique(truth)]))


def expected_calibration_error(
    truth: NDArray[np.integer], probabilities: Floats, bins: int = 15
) -> float:
    """Return the mean gap between confidence and accuracy (Guo et al. 2017, eq. 3).

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
        Column of the true class.
    probabilities : ndarray, shape (n, classes)
        Calibrated probabilities.
    bins : int
        Equal-width bins of confidence.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[bin_of == b].mean() - confidence[bin_of == b].mean()) * np.mean(bin_of == b)
        for b in np.unique(bin_of)
    ]
    return float(np.sum(gaps))


def bootstrap(
    statistic: Callable[[Rows], float], groups: NDArray[np.str_], repeats: int = 500, seed: int = 0
) -> Interval:
    """Measure a statistic with its interval, drawing whole groups of radiographs.

    Radiographs of one patient are no independent evidence, so patients are drawn, not radiographs
    (cluster bootstrap: Davison & Hinkley 1997, section 3.8). Draws on which the statistic is
    undefined, because a class is missing, are left out.

    Parameters
    ----------
    statistic : callable
        Computes the figure from rows of radiographs.
    groups : ndarray of str, shape (n,)
        Group of each radiograph.
    repeats : int
        Number of draws.
    seed : int
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    values = []
    for _ in range(repeats):
        drawn = rng.integers(len(members), size=len(members))
        try:
            values.append(statistic(np.concatenate([members[group] for group in drawn])))
        except ValueError:
            continue
    low, high = np.quantile(values, [0.025, 0.975])
    everything = np.arange(len(groups))
    return Interval(statistic(everything), float(low), float(high), len(groups))
