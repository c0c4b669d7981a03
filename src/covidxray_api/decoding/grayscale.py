"""The grayscale pipeline of DICOM: from stored values to what a viewer shows.

Stored values pass the Modality LUT, the VOI LUT and the Presentation LUT (PS3.4 section N.2).
Each step looks at one value alone, so all three are applied to a table of all values that the bits
of a pixel can hold, and the image is looked up in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding import values
from covidxray_api.decoding.lookup import LookupTable, lookup_table
from covidxray_api.decoding.stretch import assumed_padding, corners, histogram, span


@dataclass(slots=True)
class Shown:
    """An image as it is seen, and how it came to be so."""

    pixels: NDArray[np.uint8]
    """Shape (rows, columns), 0 black."""

    steps: list[str] = field(default_factory=list)
    """What was applied, in order."""

    warnings: list[str] = field(default_factory=list)
    """Codes of what was assumed."""


@dataclass(slots=True)
class _Table:
    """Every value that a pixel can hold, and what is known of it."""

    stored: NDArray[np.int64]
    counts: NDArray[np.int64]
    steps: list[str]
    warnings: list[str]

    @property
    def occurring(self) -> NDArray[np.bool_]:
        return self.counts > 0


def display(
    stored: NDArray[Any], dataset: Dataset, bits: int, seen: NDArray[np.bool_] | None = None
) -> Shown:
    """Show stored values as a viewer would, 0 black.

    Parameters
    ----------
    stored : ndarray of 8- or 16-bit integer, shape (rows, columns)
        One frame of a MONOCHROME1 or MONOCHROME2 image.
    dataset : Dataset
        The attributes of the image; an empty one for an image of another format.
    bits : int
        Bits that a value uses.
    seen : ndarray of bool, shape (rows, columns), optional
        What a shutter leaves; the rest does not count for the range of values.

    Returns
    -------
    Shown
        Padding is black.
    """
    size = 256**stored.dtype.itemsize
    domain = np.arange(size)
    if stored.dtype.kind == "i":
        domain = np.where(domain < size // 2, domain, domain - size)
    table = _Table(domain, histogram(stored, bits, seen), [], [])
    padding = _stated_padding(table, dataset, bits)
    padding |= _unstated_padding(table, padding, corners(stored))
    image = table.occurring & ~padding
    image = image if image.any() else table.occurring
    levels = _modality(table, dataset)
    shown = _voi(table, levels, image, dataset)
    if shown is None and stored.dtype == np.uint8 and bits == 8 and (levels == domain).all():
        table.steps.append("as_stored")
        shown = domain.astype(np.uint8)
    if shown is None:
        whole = span(levels[image], table.counts[image])
        table.warnings += ["no_voi_window", *(["range_clipped"] if whole.clipped else [])]
        table.steps.append(f"range {whole.low:g} – {whole.high:g}")
        shown = whole.eight_bits(levels)
    # PS3.3 table C.8-71 binds the shape INVERSE to MONOCHROME1: one inversion stated twice.
    if (
        values.text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or values.text(dataset, "PresentationLUTShape") == "INVERSE"
    ):
        table.steps.append("inverted")
        shown = 255 - shown
    shown[padding] = 0
    # A fifth of the time that NumPy takes to index.
    unsigned = np.ascontiguousarray(stored).view(f"u{stored.dtype.itemsize}")
    pixels = np.asarray(cv2.LUT(unsigned, shown), np.uint8)
    return Shown(pixels, table.steps, table.warnings)


def _stated_padding(table: _Table, dataset: Dataset, bits: int) -> NDArray[np.bool_]:
    """Mark the values that fill what is no image (PS3.3 section C.7.5.1.1.2).

    Files write the value with another sign than their pixels have: it is known by its bits.
    """
    least = values.whole(dataset, "PixelPaddingValue")
    if least is None:
        return np.zeros(table.stored.shape, np.bool_)
    limit = values.whole(dataset, "PixelPaddingRangeLimit")
    low, high = (_as_pixel(value, table, bits) for value in (least, limit or least))
    if limit == 0:
        high = 0
    low, high = min(low, high), max(low, high)
    table.steps.append(f"padding {low}" + (f" – {high}" if high > low else ""))
    if low != least and high != least:
        table.warnings.append("padding_value_reread")
    return (table.stored >= low) & (table.stored <= high)


def _as_pixel(value: int, table: _Table, bits: int) -> int:
    """Return a value as pixels have it that use `bits` bits, of the sign that the table has."""
    signed = bool(table.stored.min() < 0)
    if table.counts[table.stored == value].any():
        return value
    value &= 2**bits - 1
    return value - 2**bits if signed and value >= 2 ** (bits - 1) else value


def _unstated_padding(
    table: _Table, stated: NDArray[np.bool_], corner: NDArray[Any]
) -> NDArray[np.bool_]:
    found = np.zeros(table.stored.shape, np.bool_)
    places = np.flatnonzero(table.occurring & ~stated)
    places = places[np.argsort(table.stored[places], kind="stable")]
    padding = assumed_padding(table.stored[places], table.counts[places], corner)
    found[places[padding]] = True
    if padding.any():
        table.warnings.append("padding_assumed")
        table.steps.append(f"padding {', '.join(map(str, table.stored[places[padding]]))}")
    return found


def _modality(table: _Table, dataset: Dataset) -> NDArray[np.float64]:
    """Apply the Modality LUT or the rescale (PS3.3 section C.11.1)."""
    stored = table.stored.astype(np.float64)
    if (lut := _first_lut(dataset, "ModalityLUTSequence")) is not None:
        table.steps.append(f"Modality LUT of {lut.entries.size} entries")
        # Only what occurs tells the sign of its first value.
        occurring = table.occurring
        levels = stored.copy()
        levels[occurring] = lut.apply(stored[occurring])
        return levels
    slope, intercept = (
        values.number(dataset, keyword) for keyword in ("RescaleSlope", "RescaleIntercept")
    )
    odd = any(
        values.states_no_number(dataset, keyword)
        for keyword in ("RescaleSlope", "RescaleIntercept")
    )
    if slope is None and intercept is None and not odd:
        return stored
    if slope is None or slope == 0 or intercept is None or odd:
        table.warnings.append("rescale_assumed")
    slope, intercept = slope or 1.0, intercept or 0.0
    table.steps.append(f"rescale · {slope:g} + {intercept:g}")
    return stored * slope + intercept


def _voi(
    table: _Table, levels: NDArray[np.float64], image: NDArray[np.bool_], dataset: Dataset
) -> NDArray[np.uint8] | None:
    """Apply the first VOI LUT, else the first window (PS3.3 section C.11.2); none if none is valid.

    Where a file offers both, the LUT is the vendor's own curve.
    """
    if (lut := _first_lut(dataset, "VOILUTSequence")) is not None:
        shown = np.zeros(levels.shape, np.uint8)
        shown[table.occurring] = _eight_bits(lut.shares(levels[table.occurring]))
        if _tells_apart(shown, image):
            table.steps.append(f"VOI LUT of {lut.entries.size} entries")
            table.warnings += ["voi_lut_narrower"] if lut.is_narrower else []
            return shown
        table.warnings.append("window_shows_nothing")
    if (stated := _first_window(table, dataset)) is None:
        return None
    shown = window(levels, *stated)
    if not _tells_apart(shown, image):
        table.warnings.append("window_shows_nothing")
        return None
    table.steps.append(f"window {stated[0]:g} ± {stated[1] / 2:g}, {stated[2]}")
    return shown


def _tells_apart(shown: NDArray[np.uint8], image: NDArray[np.bool_]) -> bool:
    """Return whether an image of several values shows more than one gray level."""
    return bool(np.count_nonzero(image) < 2 or np.ptp(shown[image]) > 0)


def _first_window(table: _Table, dataset: Dataset) -> tuple[float, float, str] | None:
    function = values.text(dataset, "VOILUTFunction") or "LINEAR"
    function = function if function in {"LINEAR", "LINEAR_EXACT", "SIGMOID"} else "LINEAR"
    centers, widths = (values.numbers(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    least = 1 if function == "LINEAR" else 1e-9
    found = (
        (center, width, function)
        for center, width in zip(centers, widths, strict=False)
        if center is not None and width is not None and width >= least
    )
    first = next(found, None)
    odd = any(values.states_no_number(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    if odd or (first is None and any(value is not None for value in (*centers, *widths))):
        table.warnings.append("window_reread")
    return first


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


def _first_lut(dataset: Dataset, keyword: str) -> LookupTable | None:
    """Take the first LUT of a sequence; none if the file states an empty one, as some do."""
    tables = (
        lookup_table(item, "LUTDescriptor", "LUTData") for item in values.items(dataset, keyword)
    )
    return next((table for table in tables if table is not None), None)
