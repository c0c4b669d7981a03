"""Films as PNG, for pages and people."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from fastapi import Response
from numpy.typing import NDArray

from covidxray_api.errors import NotExplained
from covidxray_api.explanation import NO_MAP, overlay
from covidxray_api.screening.screening import NOT_A_CHEST_RADIOGRAPH, Explained

PNG = "image/png"

LONGEST = 2048
"""Longest side of a picture, in pixels."""

ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}
}
"""What such an answer looks like, for the OpenAPI description."""


def reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduce a picture to `LONGEST`, if it is larger.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width) or (height, width, 3)
        Gray, or red, green and blue.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def picture(pixels: NDArray[np.uint8]) -> Response:
    """Encode a picture, reduced, which no cache shall keep; see `reduced` for its shape."""
    shown = reduced(pixels)
    coloured = shown.ndim == 3
    _, data = cv2.imencode(".png", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR) if coloured else shown)
    return Response(data.tobytes(), media_type=PNG, headers={"Cache-Control": "no-store"})


def explained(found: Explained) -> Response:
    """Draw the map over the film.

    Raises
    ------
    NotExplained
        If the image was rejected, or the map is withheld.
    """
    if found.explanation is None:
        raise NotExplained(NOT_A_CHEST_RADIOGRAPH)
    if found.explanation.map is None:
        raise NotExplained(found.explanation.withheld or NO_MAP)
    return picture(overlay(found.radiograph.pixels, found.explanation.map))
