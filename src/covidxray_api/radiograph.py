"""The one value that every room passes on: a decoded image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Radiograph:
    """A decoded image, without the patient's identity.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Gray values as displayed: 0 is black and air (lungs) is dark.
    media_type : str
        What the bytes were, e.g. ``"image/png"`` or ``"application/dicom"``.
    modality : str, optional
        DICOM Modality (0008,0060), as the file states it.
    view_position : str, optional
        DICOM View Position (0018,5101), as the file states it.
    photometric_interpretation : str, optional
        DICOM Photometric Interpretation (0028,0004) of the stored pixels.
    pixel_spacing : tuple of float, optional
        Row and column spacing in millimetres.
    colour : float
        How many colours the file shows: standard deviation of the colour differences Cb and Cr
        (ITU-R BT.601), 0 to 127. An evenly tinted image has next to none.
    warnings : tuple of str
        Codes of what decoding had to decide; `messages.py` has their texts.
    """

    pixels: NDArray[np.uint8]
    media_type: str
    modality: str | None = None
    view_position: str | None = None
    photometric_interpretation: str | None = None
    pixel_spacing: tuple[float, float] | None = None
    colour: float = 0.0
    warnings: tuple[str, ...] = ()
