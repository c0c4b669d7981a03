"""Logits that take up the weights of `balanced`, so that its answer is the most probable label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from covidxray_api.models.manifest import BALANCED, OperatingPoint


def logit_offsets(
    points: Mapping[str, OperatingPoint], codes: Sequence[str], temperature: float
) -> NDArray[np.float32]:
    """Return what the logits of a network give up for the weights of `balanced`.

    Dividing a probability by a weight is subtracting the weight's logarithm from its logit (Menon
    et al. 2021, Long-tail learning via logit adjustment, section 4.1).

    Parameters
    ----------
    points : mapping of str to OperatingPoint
        Operating points that were fitted on calibrated probabilities.
    codes : sequence of str
        Label of each output.
    temperature : float
        What the logits are divided by before they are weighed.

    Returns
    -------
    ndarray of float32, shape (classes,)
        0 where the most probable label is the answer at `balanced` already.
    """
    weights = np.array([points[BALANCED].weights[code] for code in codes])
    offsets: NDArray[np.float32] = temperature * np.log(weights / weights.min())
    return offsets.astype(np.float32)


def adjusted(
    probabilities: NDArray[np.floating], offsets: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the softmax outputs that follow from logits less the offsets.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Softmax outputs.
    offsets : ndarray, shape (classes,)
        See `logit_offsets`.
    """
    scaled = probabilities.astype(np.float64) * np.exp(-offsets.astype(np.float64))
    shares: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


def adjust(network: keras.Model, offsets: NDArray[np.float32]) -> None:
    """Subtract the offsets from the logits of a network that ends in a softmax layer."""
    bias = network.layers[-1].bias
    bias.assign(bias - offsets)
