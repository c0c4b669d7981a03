"""Values of any range → 8 bits, where the file does not say how to show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stretch(
    values: NDArray[np.number], shown: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Map the smallest value to 0 and the largest to 255; a uniform image becomes black.

    Parameters
    ----------
    values : ndarray
        Finite values of any range.
    shown : ndarray of bool, optional
        Where the values belong to the image; elsewhere they do not count and are clipped.

    Raises
    ------
    ValueError
        If a value is not finite, or none belongs to the image.
    """
    counted = values if shown is None else values[shown]
    low, high = float(counted.min()), float(counted.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("some values are not finite")
    scale = 255 / (high - low) if high > low else 0.0
    stretched = (values.astype(np.float64) - low) * scale
    return np.round(np.clip(stretched, 0, 255)).astype(np.uint8)
