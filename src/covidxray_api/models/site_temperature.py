"""The temperature at a site, from few radiographs that it has labelled.

Before any label, the site's temperature is that of the model or another: its logarithm is normal
around the model's. What the labels add follows by Bayes' rule, on a grid. Where they are few, it
stays near the model's, and its interval is wide; the largest likelihood alone (Guo et al. 2017)
would be none at all where each of a few answers is right.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from covidxray_api.models.artefacts import Declaration
from covidxray_api.models.decision import calibrate

SPREAD = math.log(2)
"""Standard deviation of the logarithm of a site's temperature, before any label: within half and
twice the model's at two of three sites."""

LOGARITHMS = np.linspace(-4 * SPREAD, 4 * SPREAD, 401)
"""Logarithms of a site's temperature over the model's that are weighed."""


class Temperature(Declaration):
    """What the logits of a model are divided by at a site (Guo et al. 2017)."""

    value: PositiveFloat
    """Median, in the light of the labels."""

    low: PositiveFloat
    """Lower end of the interval that holds it with a probability of 95 %."""

    high: PositiveFloat
    """Upper end."""


def fit_temperature(
    calibrated: NDArray[np.float64], truth: NDArray[np.integer], own: float
) -> Temperature:
    """Return the temperature of a site.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Probabilities of the radiographs that the site has labelled, at the model's temperature.
    truth : ndarray of int, shape (n,)
        Column of the label of each.
    own : float
        The model's temperature.
    """
    rows = np.arange(len(truth))
    likely = [
        np.log(np.maximum(calibrate(calibrated, math.exp(each))[rows, truth], 1e-12)).sum()
        for each in LOGARITHMS
    ]
    posterior = np.array(likely) - (LOGARITHMS / SPREAD) ** 2 / 2
    reached = np.cumsum(np.exp(posterior - posterior.max()))
    low, middle, high = np.exp(
        np.interp([0.025, 0.5, 0.975], reached / reached[-1], LOGARITHMS)
    ).tolist()
    return Temperature(value=own * middle, low=own * low, high=own * high)
