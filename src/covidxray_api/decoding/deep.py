"""Raster images of more than 8 bits a sample, which state no window: gray levels of any range."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding.grayscale import Shown, display
from covidxray_api.decoding.stretch import span
from covidxray_api.errors import UnreadableImage

_LUMA = (0.299, 0.587, 0.114)


def shown(samples: NDArray[Any], alpha: NDArray[Any] | None = None) -> Shown:
    """Bring gray or colour of any type to 8-bit gray, over the range of its values.

    Parameters
    ----------
    samples : ndarray of number, shape (height, width) or (height, width, 3)
        Gray, or red, green and blue.
    alpha : ndarray of number, shape (height, width), optional
        Opacity, 0 to the most that its type holds, or 1.

    Raises
    ------
    UnreadableImage
        If values are not finite.
    """
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        raise UnreadableImage("not_finite")
    gray = samples if samples.ndim == 2 else _luma(samples)
    opaque, share, warnings = None, None, []
    if alpha is not None and not alpha.any():
        warnings.append("transparency_ignored")
    elif alpha is not None and alpha.min() < (most := _most(alpha)):
        warnings.append("transparency_on_black")
        opaque, share = alpha > 0, alpha.astype(np.float32) / most
    if gray.dtype.kind in "ui" and gray.dtype.itemsize <= 2:
        bits = 8 * gray.dtype.itemsize
        found = display(gray, Dataset(), bits, opaque)
        code = "sixteen_bit_rescaled" if gray.dtype.kind == "u" else "wide_values_rescaled"
        found.warnings = [code if said == "no_voi_window" else said for said in found.warnings]
    else:
        found = _wide(gray if opaque is None else np.where(opaque, gray, gray[opaque].min()))
    found.warnings += warnings
    if share is not None:
        found.pixels = np.rint(found.pixels * share).astype(np.uint8)
    return found


def _wide(gray: NDArray[Any]) -> Shown:
    # So many tell the bulk of millions; what lies far off is looked for among all.
    few = gray[:: max(1, gray.shape[0] // 1024), :: max(1, gray.shape[1] // 1024)]
    levels, counts = np.unique(few, return_counts=True)
    least, most = gray.min(), gray.max()
    ends = np.array([least, most])
    whole = span(np.append(levels, ends), np.append(counts, [1, 1]))
    warnings = ["wide_values_rescaled", *(["range_clipped"] if whole.clipped else [])]
    return Shown(whole.eight_bits(gray), [f"range {whole.low:g} – {whole.high:g}"], warnings)


def _luma(colour: NDArray[Any]) -> NDArray[Any]:
    red, green, blue = (colour[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    weighed = cv2.transform(colour.astype(np.float32), np.array([_LUMA], np.float32))
    rounded = np.rint(weighed) if colour.dtype.kind in "ui" else weighed
    return np.asarray(rounded.astype(colour.dtype))


def _most(alpha: NDArray[Any]) -> float:
    return float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in "ui" else 1.0
