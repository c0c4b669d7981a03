"""A radiograph before it is shown: values of the file's own unit, which a viewer can window."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding.decoded import Decoded
from covidxray_api.decoding.grayscale import Scale
from covidxray_api.decoding.reduction import fitted_size
from covidxray_api.decoding.window import Window

_MOST = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Levels:
    """Gray values before a window is applied."""

    samples: NDArray[np.uint16]
    """Shape (height, width): 0 is no image and shown black, n is `least + (n - 1) * step`."""

    least: float
    """What a sample of 1 is, in the unit of the file."""

    step: float
    """How far two samples are apart."""

    inverted: bool
    """Whether the least is shown white."""

    windows: tuple[Window, ...]
    """That by which the file is shown, then the others that it states; may be none."""


def levels_of(decoded: Decoded, longest: int) -> Levels:
    """Return what a file holds before it is shown.

    Parameters
    ----------
    decoded : Decoded
        A gray DICOM image; any other has the gray levels that it is shown with, and no window.
    longest : int
        To so many pixels the longest side is reduced, each pixel the mean of its area.
    """
    if decoded.scale is None:
        pixels = decoded.radiograph.pixels
        hidden = np.zeros(pixels.shape, np.bool_)
        return Levels(_reduced(pixels + np.uint16(1), hidden, longest), 0, 1, False, ())
    scale = decoded.scale
    table, least, step = _samples(scale)
    unsigned = np.ascontiguousarray(decoded.stored).view(f"u{decoded.stored.dtype.itemsize}")
    samples = np.asarray(cv2.LUT(unsigned, table), np.uint16)
    hidden = samples == 0
    if decoded.seen is not None:
        hidden |= ~decoded.seen
    # What is hidden is black, so that it darkens what it is averaged with.
    samples[hidden] = table[scale.occurring].max() if scale.inverted else 1
    samples = _reduced(samples, hidden, longest)
    return Levels(samples, least, step, scale.inverted, scale.windows)


def _samples(scale: Scale) -> tuple[NDArray[np.uint16], float, float]:
    """Return a sample for each stored value, 0 for padding, what 1 is, and the step."""
    image = scale.occurring & ~scale.padding
    levels = scale.levels[image if image.any() else scale.occurring]
    least, most = float(levels.min()), float(levels.max())
    whole = bool((levels == np.rint(levels)).all()) and most - least < _MOST
    step = 1.0 if whole or most == least else (most - least) / (_MOST - 1)
    samples = np.rint((scale.levels - least) / step) + 1
    samples = np.where(scale.padding, 0, np.clip(samples, 1, _MOST))
    return samples.astype(np.uint16), least, step


def _reduced(
    samples: NDArray[np.uint16], hidden: NDArray[np.bool_], longest: int
) -> NDArray[np.uint16]:
    size = fitted_size(samples.shape, min(longest, max(samples.shape)))
    small = np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA), np.uint16)
    covered = cv2.resize(hidden.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    small[covered > 0] = 0
    return small
