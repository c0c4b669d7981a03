"""The grayscale pipeline of DICOM: from stored values to what a viewer shows.

Stored values pass the Modality LUT, the VOI LUT and the Presentation LUT (PS3.4 section N.2).
Each step looks at one value alone, so all three are applied to a table of the values between the
least and the greatest one stored, and the image is looked up in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding.stretch import stretch


def display(stored: NDArray[Any], dataset: Dataset) -> tuple[NDArray[np.uint8], bool]:
    """Show stored values as a viewer would, 0 black.

    Parameters
    ----------
    stored : ndarray of integer of at most 16 bits, shape (rows, columns)
        One frame of a MONOCHROME1 or MONOCHROME2 image.
    dataset : Dataset
        The attributes of the image.

    Returns
    -------
    pixels : ndarray of uint8, shape (rows, columns)
        Padding is black.
    windowed : bool
        Whether the file states a VOI LUT or a window; if not, the range of its values is shown.
    """
    least = int(stored.min())
    table = np.arange(least, int(stored.max()) + 1)
    index = stored.astype(np.int32) - least
    padding = _padding(table, dataset)
    levels = _modality(table, dataset)
    shown = _voi(levels, dataset)
    windowed = shown is not None
    if shown is None:
        occurring = np.zeros(table.shape, np.bool_)
        occurring[index] = True
        image = occurring & ~padding
        shown = stretch(levels, image if image.any() else occurring)
    # PS3.3 table C.8-71 binds the shape INVERSE to MONOCHROME1: one inversion stated twice.
    if (
        dataset.PhotometricInterpretation == "MONOCHROME1"
        or dataset.get("PresentationLUTShape") == "INVERSE"
    ):
        shown = 255 - shown
    shown[padding] = 0
    return shown[index], windowed


def _padding(table: NDArray[np.int64], dataset: Dataset) -> NDArray[np.bool_]:
    """Mark the values that fill what is no image (PS3.3 section C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(table.shape, np.bool_)
    low, high = sorted((int(value), int(dataset.get("PixelPaddingRangeLimit", value))))
    return (table >= low) & (table <= high)


def _modality(table: NDArray[np.int64], dataset: Dataset) -> NDArray[np.float64]:
    """Apply the Modality LUT or the rescale (PS3.3 section C.11.1)."""
    if (lut := _first_lut(dataset, "ModalityLUTSequence")) is not None:
        return _look_up(table, lut)
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None:
        return table.astype(np.float64)
    return table.astype(np.float64) * float(slope) + float(intercept)


def _voi(levels: NDArray[np.float64], dataset: Dataset) -> NDArray[np.uint8] | None:
    """Apply the first VOI LUT, else the first window (PS3.3 section C.11.2); none if none is valid.

    Where a file offers both, the LUT is the vendor's own curve.
    """
    if (lut := _first_lut(dataset, "VOILUTSequence")) is not None:
        return _eight_bits(_look_up(levels, lut) / (2 ** int(lut.LUTDescriptor[2]) - 1))
    center, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    function = dataset.get("VOILUTFunction") or "LINEAR"
    if center is None or width is None or width < (1 if function == "LINEAR" else 1e-9):
        return None
    return window(levels, center, width, function)


def window(
    levels: NDArray[np.float64], center: float, width: float, function: str
) -> NDArray[np.uint8]:
    """Apply a window (PS3.3 sections C.11.2.1.2 and C.11.2.1.3).

    Parameters
    ----------
    levels : ndarray of float64
        Values after the modality transformation.
    center, width : float
        The window, in the same unit.
    function : str
        ``"LINEAR"``, ``"LINEAR_EXACT"`` or ``"SIGMOID"``.

    Returns
    -------
    ndarray of uint8
        Of the same shape.
    """
    if function == "SIGMOID":
        # The logistic function 1 / (1 + exp(-4 (x - c) / w)), in a form that cannot overflow.
        return _eight_bits((1 + np.tanh(2 * (levels - center) / width)) / 2)
    if function == "LINEAR":
        # A width of 1 is a step; the formula would divide by 0.
        center, width = center - 0.5, max(width - 1, 1e-9)
    return _eight_bits((levels - center) / width + 0.5)


def _eight_bits(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Map 0–1 to 0–255."""
    return np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)


def _first_lut(dataset: Dataset, keyword: str) -> Dataset | None:
    """Take the first LUT of a sequence; none if the file states an empty one, as some do."""
    luts = dataset.get(keyword)
    return luts[0] if luts and luts[0].get("LUTDescriptor") and luts[0].get("LUTData") else None


def _look_up(values: NDArray[Any], lut: Dataset) -> NDArray[np.float64]:
    """Apply a LUT whose ends hold beyond its range (PS3.3 sections C.11.1.1 and C.11.2.1.1)."""
    data = lut.LUTData
    entries = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.asarray(data)
    index = np.rint(values).astype(np.int64) - int(lut.LUTDescriptor[1])
    return np.asarray(entries[np.clip(index, 0, entries.size - 1)], np.float64)


def _first(values: Any) -> float | None:
    """Take the first of one or several decimal strings."""
    if values is None or values == "":
        return None
    return float(np.atleast_1d(values)[0])
