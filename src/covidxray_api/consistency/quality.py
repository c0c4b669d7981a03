"""Findings: what is to be said of an image beside whether it is a chest radiograph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from covidxray_api.models.artefacts import Declaration
from covidxray_api.radiograph import Radiograph

OTHER_MODALITIES = frozenset(
    {"BI", "CT", "ECG", "ES", "GM", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "OPT"}
    | {"PT", "PX", "SM", "TG", "US", "XA", "XC"}
)
"""Modalities (DICOM PS3.3 C.7.3.1.1.1) whose images are no plain radiographs of the chest."""

_LATERAL = re.compile(r"\b(?:LL|RL|[LRX]?LAT|(?:X ?TABLE |LATERO ?)?LATERAL)\b")
"""View positions of lateral images as archives spell them; DICOM has LL and RL (PS3.3 C.8.1.1)."""

_FRONTAL = re.compile(r"DECUB|\b(?:LLD|RLD|AP|PA|POSTERO ?ANTERIOR|ANTERO ?POSTERIOR)\b")
"""Frontal ones that may have a side in their name: decubitus is lying on it."""

Action = Literal["refused", "corrected", "warned"]


class Rule(Declaration):
    """When there is a finding, and what follows."""

    action: Action
    """`refused`: no diagnosis; `corrected`: undone before inference; `warned`: said."""

    limit: float = 0.0
    """Where the finding begins, in the unit that it is measured in; 0 if it is or is not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the image that its sender should know."""

    code: str
    """Stable name; `messages.py` has its text."""

    action: Action
    """What followed."""


def quality(radiograph: Radiograph, rules: Mapping[str, Rule]) -> list[Finding]:
    """Return the findings that need no network.

    Parameters
    ----------
    radiograph : Radiograph
        Any image.
    rules : mapping of str to Rule
        With limits for `low_contrast` (gray levels, see `contrast`), `too_small` (pixels of the
        shorter side) and `colour_photo_of_a_film` (see `Radiograph.colour`).
    """
    found = {
        "other_modality": radiograph.modality in OTHER_MODALITIES,
        "lateral": is_lateral(radiograph.view_position or ""),
        "low_contrast": contrast(radiograph.pixels) < rules["low_contrast"].limit,
        "too_small": min(radiograph.pixels.shape) < rules["too_small"].limit,
        "colour_photo_of_a_film": radiograph.colour > rules["colour_photo_of_a_film"].limit,
    }
    return [Finding(code, rules[code].action) for code, is_so in found.items() if is_so]


def is_lateral(view_position: str) -> bool:
    """Return whether a view position, in capitals, is a lateral one."""
    words = re.sub(r"[^A-Z0-9]+", " ", view_position)
    return bool(_LATERAL.search(words)) and not _FRONTAL.search(words)


def contrast(pixels: NDArray[np.uint8]) -> float:
    """Return the gray levels between the 1st and the 99th percentile of an image, 0 to 255."""
    # A few thousand pixels tell as much as millions.
    step = max(1, min(pixels.shape) // 64)
    low, high = np.percentile(pixels[::step, ::step], [1, 99])
    return float(high - low)
