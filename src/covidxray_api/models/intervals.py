"""Intervals of a share, from the quantiles of beta distributions with whole parameters."""

from __future__ import annotations

import math

import numpy as np

STEPS = 60
"""Halvings of the interval 0–1: beyond the precision of the numbers."""


def beta_quantile(share: float, a: int, b: int) -> float:
    """Return a quantile of the beta distribution with parameters a and b.

    Its distribution function is a binomial tail: P(Beta(a, b) ≤ x) = P(Bin(a + b - 1, x) ≥ a)
    (Johnson, Kotz & Balakrishnan 1995, section 25.2).

    Parameters
    ----------
    share : float
        Probability of a value below the quantile, above 0 and below 1.
    a, b : int
        At least 0; where a is 0 the distribution is all at 0, where b is 0 all at 1.
    """
    if a == 0 or b == 0:
        return float(b == 0)
    n = a + b - 1
    below = np.arange(a)
    choices = np.array(
        [math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1) for j in range(a)]
    )
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        terms = choices + below * math.log(middle) + (n - below) * math.log1p(-middle)
        if 1 - float(np.exp(terms).sum()) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def exact_interval(value: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n independent trials (Clopper & Pearson 1934).

    Parameters
    ----------
    value : float
        The share that was found, 0 to 1.
    n : int
        Trials, at least 1.
    """
    hits = round(value * n)
    return beta_quantile(0.025, hits, n - hits + 1), beta_quantile(0.975, hits + 1, n - hits)


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share of n independent trials (Wilson 1927).

    Parameters
    ----------
    hits : int
        Trials that succeeded.
    n : int
        Trials, at least 1.
    """
    z = 1.959963984540054
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)
