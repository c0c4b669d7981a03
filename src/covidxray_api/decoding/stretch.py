"""Values of any range → 8 bits, where the file does not say how to show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_TAIL, _MARGIN = 0.02, 1.0
"""What lies further beyond the 2nd or the 98th percentile than their distance from each other
is a defect of the detector, a marker or a burnt-in text."""

_LEAST_PADDING, _LEAST_GAP = 0.005, 0.25
"""Padding fills at least so much of an image, so far from all other values, as a share of these."""


@dataclass(frozen=True, slots=True)
class Span:
    """The values that are shown from black to white."""

    low: float
    high: float
    clipped: bool
    """Whether a few values lie far outside."""

    def eight_bits(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Map `low` to 0 and `high` to 255; a uniform image becomes black."""
        # Halves, because a range of floating-point values can be greater than the greatest of them.
        half = self.high / 2 - self.low / 2
        if half <= 0:
            return np.zeros(values.shape, np.uint8)
        inside = np.clip(values.astype(np.float64), self.low, self.high)
        return np.round((inside / 2 - self.low / 2) / half * 255).astype(np.uint8)


def span(levels: NDArray[Any], counts: NDArray[Any]) -> Span:
    """Return the range of values without the few that lie far from all others.

    Parameters
    ----------
    levels : ndarray
        Finite values of any range, each once; not empty.
    counts : ndarray, same shape
        How many pixels have each value, 1 or more.
    """
    order = np.argsort(levels, kind="stable")
    levels, shares = levels[order], np.cumsum(counts[order]) / counts.sum()
    low, high = (float(levels[np.searchsorted(shares, at)]) for at in (_TAIL, 1 - _TAIL))
    if high <= low:
        return Span(float(levels[0]), float(levels[-1]), False)
    margin = _MARGIN * (high - low)
    kept = levels[(levels >= low - margin) & (levels <= high + margin)]
    return Span(float(kept[0]), float(kept[-1]), len(kept) < len(levels))


def histogram(
    stored: NDArray[Any], bits: int, seen: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Count the pixels of each value of an image of 8 or 16 bits, where `seen` if given.

    Parameters
    ----------
    stored : ndarray of 8- or 16-bit integer
        The image.
    bits : int
        Bits that values without a sign use.
    seen : ndarray of bool, optional
        What counts.

    Returns
    -------
    ndarray of int64, shape (256,) or (65536,)
        By the bits of a value, as unsigned.
    """
    unsigned = np.ascontiguousarray(stored).view(f"u{stored.dtype.itemsize}")
    mask = None if seen is None else seen.astype(np.uint8)
    pixels = stored.size if mask is None else np.count_nonzero(mask)
    counts = np.zeros(256**stored.dtype.itemsize, np.int64)
    # A smaller table is counted in half the time; a damaged image may have values beyond it.
    for used in (2**bits if stored.dtype.kind == "u" else counts.size, counts.size):
        found = cv2.calcHist([unsigned], [0], mask, [used], [0, used])
        counts[:used] = np.rint(found.ravel())
        if counts.sum() == pixels:
            break
    return counts


def assumed_padding(
    levels: NDArray[Any], counts: NDArray[Any], corners: NDArray[Any]
) -> NDArray[np.bool_]:
    """Mark values that fill what is no image, though the file does not say so.

    That is the least or the greatest value if a corner of the image has it, many pixels do, and a
    wide gap parts it from all others.

    Parameters
    ----------
    levels : ndarray, shape (n,)
        The occurring values, each once, ascending.
    counts : ndarray, shape (n,)
        How many pixels have each.
    corners : ndarray
        The values in the corners.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    padding = np.zeros(levels.shape, np.bool_)
    for end, inner in ((0, slice(1, None)), (-1, slice(None, -1))):
        if len(levels) < 16 or counts[end] < _LEAST_PADDING * counts.sum():
            continue
        rest = span(levels[inner], counts[inner])
        nearest = float(levels[inner][end])
        gap = abs(float(levels[end]) - nearest)
        if levels[end] in corners and gap > _LEAST_GAP * (rest.high - rest.low):
            padding[end] = True
    return padding


def corners(image: NDArray[Any]) -> NDArray[Any]:
    """Return the values in the four corners of an image."""
    return np.asarray(image[:: image.shape[0] - 1, :: image.shape[1] - 1])
