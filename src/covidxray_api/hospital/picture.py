"""An answer as one picture with its words, for archives that show nothing but pictures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api import __version__
from covidxray_api.decoding.reduction import fitted
from covidxray_api.explanation import NO_MAP, overlay
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording, about_map, map_caption, short_name
from covidxray_api.screening.screening import Explained
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import percent

SIDE = 800
"""Height and width of the square in which the film lies, in pixels."""

_MARGIN = 24
_FONT = "sans"  # built into OpenCV 5, with the letters of Spanish
_WEIGHT = 400
_INK, _MUTED, _AMBER = (240, 240, 240), (170, 170, 170), (255, 200, 90)

Line = tuple[str, int, tuple[int, int, int]]
"""A sentence, the size of its letters in pixels, and its colour: red, green, blue."""


def draw(explained: Explained, context: Context) -> NDArray[np.uint8]:
    """Return the film, with the saliency map over it if there is one, and the answer below.

    Returns
    -------
    ndarray of uint8, shape (height, `SIDE`, 3)
        Red, green, blue.
    """
    lines = [
        (part, size, colour)
        for text, size, colour in _lines(explained, context)
        for part in _wrapped(text, size)
    ]
    height = SIDE + 2 * _MARGIN + sum(_line_height(size) for _, size, _ in lines)
    canvas = np.zeros((height, SIDE, 3), np.uint8)
    shown = _shown(explained)
    top, left = (SIDE - shown.shape[0]) // 2, (SIDE - shown.shape[1]) // 2
    canvas[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    font, y = cv2.FontFace(_FONT), SIDE + _MARGIN
    for text, size, colour in lines:
        y += _line_height(size)
        cv2.putText(canvas, text, (_MARGIN, y), colour, font, size, _WEIGHT)
    return canvas


def _shown(explained: Explained) -> NDArray[np.uint8]:
    """Return the film as large as fits into the square, shape (height, width, 3)."""
    pixels, why = explained.radiograph.pixels, explained.explanation
    drawn = fitted(pixels, SIDE)
    if why is None or why.map is None:
        return np.repeat(drawn[..., np.newaxis], 3, axis=2)
    return overlay(drawn, why.map, why.lungs or ())


def _lines(explained: Explained, context: Context) -> Iterator[Line]:
    language, screening = context.language, explained.screening
    decision, shares = screening.decision, screening.probabilities or {}
    wording, manifest = Wording(screening, language), screening.model.manifest
    yield message("report_title", language), 17, _MUTED
    yield wording.headline(decision), 28, _INK
    yield wording.statement(decision), 17, _INK
    for label in manifest.labels if decision else ():
        cut_off = percent(decision.cut_offs[label.code], language) if decision else ""
        mark = message("report_cut_off", language).format(share=cut_off)
        name = short_name(label, manifest, language)
        yield f"{name}: {percent(shares[label.code], language)} ({mark})", 17, _INK
    for said in _about_the_map(explained, language):
        yield said, 15, _MUTED
    validation = screening.validation
    for code in (*(found.code for found in validation.consistency.findings), *validation.warnings):
        yield message(code, language), 15, _AMBER
    made = f"{context.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    yield f"{manifest.name} {manifest.version} · covidxray-api {__version__} · {made}", 13, _MUTED
    yield f"SHA-256 {screening.model.sha256}", 13, _MUTED
    yield message("notice", language), 18, _AMBER


def _about_the_map(explained: Explained, language: Language) -> Iterator[str]:
    why = explained.explanation
    if why is None:
        return
    if why.map is None:
        yield message(why.withheld or NO_MAP, language)
        return
    yield from map_caption(why, language)
    yield from about_map(why, explained.screening.model, language)


def _wrapped(text: str, size: int) -> Iterator[str]:
    """Yield a sentence in parts that are not too long for a line."""
    font, line = cv2.FontFace(_FONT), ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        _, _, width, _ = cv2.getTextSize((SIDE, SIDE), longer, (0, 0), font, size, _WEIGHT)
        if line and width > SIDE - 2 * _MARGIN:
            yield line
            longer = word
        line = longer
    yield line


def _line_height(size: int) -> int:
    return round(size * 1.4)
