"""Large images are made smaller once, so that nothing after works on millions of pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from covidxray_api.radiograph import Radiograph


def reduced(radiograph: Radiograph, kept_side: int) -> Radiograph:
    """Reduce an image to a half, a quarter or an eighth, if both sides keep so many pixels.

    Each pixel becomes the mean of 2×2, 4×4 or 8×8. Where sides of 336 are kept, probabilities move
    by less than 0.02, as a test holds.

    Parameters
    ----------
    radiograph : Radiograph
        Of any size.
    kept_side : int
        Least height and width of what is reduced, in pixels.

    Returns
    -------
    Radiograph
        Reduced, or as it was.
    """
    shortest = min(radiograph.pixels.shape)
    factor = next((n for n in (8, 4, 2) if shortest >= n * kept_side), 1)
    if factor == 1:
        return radiograph
    pixels = np.asarray(Image.fromarray(radiograph.pixels).reduce(factor))
    spacing = radiograph.pixel_spacing
    if spacing is not None:
        spacing = (spacing[0] * factor, spacing[1] * factor)
    return replace(radiograph, pixels=pixels, pixel_spacing=spacing)


def fitted_size(shape: tuple[int, ...], longest: int) -> tuple[int, int]:
    """Return width and height of an image whose longest side is brought to so many pixels.

    Parameters
    ----------
    shape : tuple of int
        Height and width, and what else there is.
    longest : int
        Pixels.
    """
    height, width = shape[:2]
    scale = longest / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def fitted(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Bring the longest side of a picture to so many pixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width) or (height, width, 3)
        Gray, or colours.
    longest : int
        Pixels.
    """
    size = fitted_size(pixels.shape, longest)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
