"""The one value that every room passes on: a decoded image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SpacingPlane = Literal["detector", "calibrated", "unstated"]


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
    spacing_plane : {"detector", "calibrated", "unstated"}, optional
        Where the spacing was measured (DICOM PS3.3 section 10.7.1.3): at the detector, where what
        lies before it is magnified; in the patient, corrected or calibrated for that; or the file
        does not tell which.
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
    spacing_plane: SpacingPlane | None = None
    colour: float = 0.0
    warnings: tuple[str, ...] = ()
