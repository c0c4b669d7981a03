"""What the gate is to find, from which limit on, and what follows."""

from __future__ import annotations

from collections.abc import Mapping

from covidxray_api.consistency.quality import Rule

RULES: Mapping[str, Rule] = {
    "inverted": Rule(action="corrected", limit=0.9),
    "rotated_90": Rule(action="corrected", limit=0.9),
    "rotated_180": Rule(action="corrected", limit=0.9),
    "rotated_270": Rule(action="corrected", limit=0.9),
    "lateral": Rule(action="refused", limit=0.5),
    "cropped": Rule(action="refused", limit=0.5),
    "not_an_image_of_one_film": Rule(action="refused", limit=0.5),
    "other_modality": Rule(action="refused"),
    "low_contrast": Rule(action="warned", limit=40),
    "too_small": Rule(action="warned", limit=112),
    "colour_photo_of_a_film": Rule(action="warned", limit=4),
}
"""Rules of a new gate, by the code of the finding."""

FINDINGS_OF_KINDS: Mapping[str, str | None] = {
    "frontal": None,
    "lateral": "lateral",
    "cropped": "cropped",
    "composite": "not_an_image_of_one_film",
    "other": None,
}
"""What a new gate tells apart, and the finding by which an image of that kind is refused."""

KINDS = tuple(FINDINGS_OF_KINDS)
"""What a new gate tells apart, in the order of its outputs."""

TURNS = (0, 90, 180, 270)
"""Degrees by which a radiograph may lie turned clockwise."""
