"""Radiographs as PNG, for pages and people."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding.reduction import fitted
from covidxray_api.errors import NotExplained
from covidxray_api.explanation import NO_MAP, overlay
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering.renderer import Answer, Context
from covidxray_api.screening.screening import NOT_A_CHEST_RADIOGRAPH, Explained

LONGEST = 2048
"""Longest side of a picture, in pixels."""


class Png:
    """Draws a radiograph as it is decoded, or with the saliency map over it."""

    media_type = "image/png"
    answers = (Explained, Radiograph)

    def render(self, answer: Answer, context: Context) -> bytes:  # noqa: ARG002
        """Return the picture, at most `LONGEST` pixels high and wide.

        Raises
        ------
        NotExplained
            If the image was rejected, or the map is withheld.
        """
        if isinstance(answer, Radiograph):
            return _encoded(reduced(answer.pixels))
        if not isinstance(answer, Explained):
            raise TypeError(f"{type(answer).__name__} has no picture")
        if answer.explanation is None:
            raise NotExplained(NOT_A_CHEST_RADIOGRAPH)
        if answer.explanation.map is None:
            raise NotExplained(answer.explanation.withheld or NO_MAP)
        drawn = reduced(overlay(answer.radiograph.pixels, answer.explanation.map))
        return _encoded(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))


def reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduce a picture to `LONGEST`, if it is larger.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width) or (height, width, 3)
        Gray, or red, green and blue.
    """
    return fitted(pixels, min(LONGEST, max(pixels.shape[:2])))


def spacing(radiograph: Radiograph) -> tuple[float, float] | None:
    """Return the row and column spacing of a radiograph's picture, in millimetres, if known."""
    if radiograph.pixel_spacing is None:
        return None
    rows, columns = radiograph.pixel_spacing
    scale = min(1.0, LONGEST / max(radiograph.pixels.shape))
    return rows / scale, columns / scale


def _encoded(pixels: cv2.typing.MatLike) -> bytes:
    _, data = cv2.imencode(".png", pixels)
    return data.tobytes()
