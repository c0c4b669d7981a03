"""Bounds on what is decoded, checked before pixels are allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from covidxray_api.errors import ImageTooSmall, TooManyPixels
from covidxray_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the size of an image, and how far a large one is reduced."""

    max_pixels: int
    """Most pixels that are decoded."""

    min_side: int
    """Least height and width, in pixels."""

    kept_side: int = 336
    """Both sides keep so many pixels where an image is reduced: three times what a network sees."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the bounds that the settings name."""
        return cls(max_pixels=settings.max_pixels, min_side=settings.min_side)

    def check(self, height: int, width: int) -> None:
        """Refuse an image by the size that its header states.

        Raises
        ------
        ImageTooSmall
            If a side is shorter than `min_side`.
        TooManyPixels
            If it has more than `max_pixels`.
        """
        if min(height, width) < self.min_side:
            raise ImageTooSmall(width=width, height=height, least=self.min_side)
        if height * width > self.max_pixels:
            raise TooManyPixels(width=width, height=height, limit=self.max_pixels)
