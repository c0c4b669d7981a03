"""What a decoder returns: the radiograph, and how it came to look so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding.grayscale import Scale
from covidxray_api.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Decoded:
    """A radiograph beside what its file holds."""

    radiograph: Radiograph
    stored: NDArray[Any]
    """Values as they are stored, shape (height, width) or (height, width, samples)."""
    stated: Mapping[str, str]
    """What the file states of its image; nothing of the patient."""
    steps: tuple[str, ...]
    """What turned stored values into gray levels, in order."""
    scale: Scale | None = None
    """What the stored values of a gray DICOM image mean."""
    seen: NDArray[np.bool_] | None = None
    """What a shutter leaves, shape (height, width)."""
