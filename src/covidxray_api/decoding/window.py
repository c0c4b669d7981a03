"""Windows: which values are shown from black to white (PS3.3 section C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding import values
from covidxray_api.decoding.stretch import Span

_FUNCTIONS = {"LINEAR", "LINEAR_EXACT", "SIGMOID"}


@dataclass(frozen=True, slots=True)
class Window:
    """A window, in the unit of the values after the modality transformation."""

    center: float
    width: float
    """Greater than 0."""
    function: str
    """``"LINEAR"``, ``"LINEAR_EXACT"`` or ``"SIGMOID"``."""

    @classmethod
    def of(cls, shown: Span) -> Window:
        """Return the window that shows a range of values from black to white."""
        return cls(shown.low / 2 + shown.high / 2, (shown.high - shown.low) or 1.0, "LINEAR_EXACT")

    def apply(self, levels: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return values as they are shown (PS3.3 sections C.11.2.1.2 and C.11.2.1.3).

        Parameters
        ----------
        levels : ndarray of float64
            Values after the modality transformation.

        Returns
        -------
        ndarray of uint8
            Of the same shape.
        """
        center, width = self.center, self.width
        if self.function == "SIGMOID":
            # The logistic function 1 / (1 + exp(-4 (x - c) / w)), in a form that cannot overflow.
            return eight_bits((1 + np.tanh(2 * (levels - center) / width)) / 2)
        if self.function == "LINEAR":
            # A width of 1 is a step; the formula would divide by 0.
            center, width = center - 0.5, max(width - 1, 1e-9)
        return eight_bits((levels - center) / width + 0.5)


def stated_windows(dataset: Dataset) -> tuple[tuple[Window, ...], bool]:
    """Return the valid windows of a file, and whether others or odd numbers were stated."""
    function = values.text(dataset, "VOILUTFunction") or "LINEAR"
    function = function if function in _FUNCTIONS else "LINEAR"
    centers, widths = (values.numbers(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    least = 1 if function == "LINEAR" else 1e-9
    found = tuple(
        Window(center, width, function)
        for center, width in zip(centers, widths, strict=False)
        if center is not None and width is not None and width >= least
    )
    odd = any(values.states_no_number(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    stated = any(value is not None for value in (*centers, *widths))
    return found, odd or (not found and stated)


def eight_bits(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Map 0–1 to 0–255."""
    return np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)
