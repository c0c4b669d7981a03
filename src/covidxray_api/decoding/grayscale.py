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
from covidxray_api.decoding.stretch import Span, assumed_padding, corners, histogram, span
from covidxray_api.decoding.window import Window, eight_bits, stated_windows


@dataclass(frozen=True, slots=True)
class Scale:
    """What stored values mean before they are shown, by their bits as unsigned."""

    levels: NDArray[np.float64]
    """Values after the modality transformation."""

    occurring: NDArray[np.bool_]
    """Which of them the image has."""

    padding: NDArray[np.bool_]
    """Which of them fill what is no image."""

    inverted: bool
    """Whether the least of them is shown white."""

    windows: tuple[Window, ...]
    """That by which the image is shown, then the others that the file states; none where it is
    shown by a VOI LUT."""


@dataclass(slots=True)
class Shown:
    """An image as it is seen, and how it came to be so."""

    pixels: NDArray[np.uint8]
    """Shape (rows, columns), 0 black."""

    steps: list[str] = field(default_factory=list)
    """What was applied, in order."""

    warnings: list[str] = field(default_factory=list)
    """Codes of what was assumed."""

    scale: Scale | None = None
    """Where each stored value has one gray level."""


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
    windows, reread = stated_windows(dataset)
    shown = _by_lut(table, levels, image, dataset)
    if shown is not None:
        windows = ()
    else:
        table.warnings += ["window_reread"] if reread else []
        shown = _by_window(table, levels, image, windows)
    if shown is None and stored.dtype == np.uint8 and bits == 8 and (levels == domain).all():
        table.steps.append("as_stored")
        shown = domain.astype(np.uint8)
        windows = (Window.of(Span(0, 255, False)), *windows)
    if shown is None:
        whole = span(levels[image], table.counts[image])
        table.warnings += ["no_voi_window", *(["range_clipped"] if whole.clipped else [])]
        table.steps.append(f"range {whole.low:g} – {whole.high:g}")
        shown = whole.eight_bits(levels)
        windows = (Window.of(whole), *windows)
    # PS3.3 table C.8-71 binds the shape INVERSE to MONOCHROME1: one inversion stated twice.
    inverted = (
        values.text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or values.text(dataset, "PresentationLUTShape") == "INVERSE"
    )
    if inverted:
        table.steps.append("inverted")
        shown = 255 - shown
    shown[padding] = 0
    # A fifth of the time that NumPy takes to index.
    unsigned = np.ascontiguousarray(stored).view(f"u{stored.dtype.itemsize}")
    pixels = np.asarray(cv2.LUT(unsigned, shown), np.uint8)
    scale = Scale(levels, table.occurring, padding, inverted, windows)
    return Shown(pixels, table.steps, table.warnings, scale)


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


def _by_lut(
    table: _Table, levels: NDArray[np.float64], image: NDArray[np.bool_], dataset: Dataset
) -> NDArray[np.uint8] | None:
    """Apply the first VOI LUT (PS3.3 section C.11.2); none if there is none that is valid.

    Where a file offers a window as well, the LUT is the vendor's own curve.
    """
    lut = _first_lut(dataset, "VOILUTSequence")
    if lut is None:
        return None
    shown = np.zeros(levels.shape, np.uint8)
    shown[table.occurring] = eight_bits(lut.shares(levels[table.occurring]))
    if not _tells_apart(shown, image):
        table.warnings.append("window_shows_nothing")
        return None
    table.steps.append(f"VOI LUT of {lut.entries.size} entries")
    table.warnings += ["voi_lut_narrower"] if lut.is_narrower else []
    return shown


def _by_window(
    table: _Table,
    levels: NDArray[np.float64],
    image: NDArray[np.bool_],
    windows: tuple[Window, ...],
) -> NDArray[np.uint8] | None:
    """Apply the first of the windows; none if it shows nothing."""
    if not windows:
        return None
    first = windows[0]
    shown = first.apply(levels)
    if not _tells_apart(shown, image):
        table.warnings.append("window_shows_nothing")
        return None
    table.steps.append(f"window {first.center:g} ± {first.width / 2:g}, {first.function}")
    return shown


def _tells_apart(shown: NDArray[np.uint8], image: NDArray[np.bool_]) -> bool:
    """Return whether an image of several values shows more than one gray level."""
    return bool(np.count_nonzero(image) < 2 or np.ptp(shown[image]) > 0)


def _first_lut(dataset: Dataset, keyword: str) -> LookupTable | None:
    """Take the first LUT of a sequence; none if the file states an empty one, as some do."""
    tables = (
        lookup_table(item, "LUTDescriptor", "LUTData") for item in values.items(dataset, keyword)
    )
    return next((table for table in tables if table is not None), None)
