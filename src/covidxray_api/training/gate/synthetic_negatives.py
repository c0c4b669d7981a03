"""Images that are no frontal chest radiograph, made rather than collected.

A gate that has seen knees and receipts knows knees and receipts. What holds for kinds never seen is
learned from outliers of every sort (outlier exposure: Hendrycks et al. 2019), above all from near
ones: radiographs cut, shifted, shuffled and averaged, which keep the look of a radiograph without
its anatomy.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Gray, shape (side, side)."""

Draw = Callable[[], Picture]
"""Returns a picture at random, each time another."""

_LETTERS = "abcdeghiLRAPST 0123456789:/-"

SIDE = 128
"""Height and width of what is made, in pixels."""


def cropped(radiograph: Picture, rng: np.random.Generator) -> Picture:
    """Return a part of a radiograph that lacks much of the lungs: a corner, an edge or a detail."""
    side = radiograph.shape[0]
    height, width = rng.uniform(0.2, 0.95, 2)
    if min(height, width) > 0.5:
        if rng.random() < 0.5:
            height *= 0.5
        else:
            width *= 0.5
    top, left = rng.uniform(0, 1 - height), rng.uniform(0, 1 - width)
    rows = slice(round(top * side), max(round((top + height) * side), round(top * side) + 8))
    columns = slice(round(left * side), max(round((left + width) * side), round(left * side) + 8))
    return sized(radiograph[rows, columns])


def composite(draw: Draw, rng: np.random.Generator) -> Picture:
    """Return several pictures side by side, or one small one in a viewer's window."""
    if rng.random() < 0.5:
        rows, columns = [(1, 2), (2, 1), (2, 2), (2, 3), (3, 3), (1, 3)][rng.integers(6)]
        gap = int(rng.integers(0, 5))
        cell = (SIDE // rows - gap, SIDE // columns - gap)
        page = np.full((SIDE, SIDE), rng.choice(np.array([0, 0, 255, 40])), dtype=np.uint8)
        for row in range(rows):
            for column in range(columns):
                top, left = row * (cell[0] + gap), column * (cell[1] + gap)
                page[top : top + cell[0], left : left + cell[1]] = cv2.resize(draw(), cell[::-1])
        return page
    page = np.full((SIDE, SIDE), int(rng.integers(256)), dtype=np.uint8)
    if rng.random() < 0.3:
        page = drawing(rng)
    height, width = (SIDE * rng.uniform(0.2, 0.5, 2)).astype(int)
    top, left = int(rng.integers(SIDE - height)), int(rng.integers(SIDE - width))
    page[top : top + height, left : left + width] = cv2.resize(draw(), (width, height))
    for _ in range(rng.integers(0, 12)):
        _write(page, rng)
    return page


def rearranged(radiograph: Picture, rng: np.random.Generator) -> Picture:
    """Return a radiograph whose parts are elsewhere: the same look, another anatomy."""
    side = radiograph.shape[0]
    choice = rng.integers(5)
    if choice == 0:
        n = int(rng.integers(2, 7))
        edges = np.linspace(0, side, n + 1).astype(int)
        cells = [radiograph[a:b, c:d] for a, b in pairwise(edges) for c, d in pairwise(edges)]
        order = rng.permutation(len(cells))
        cells = [cv2.resize(cells[i], (side // n, side // n)) for i in order]
        return sized(np.vstack([np.hstack(cells[r * n : (r + 1) * n]) for r in range(n)]))
    if choice == 1:
        shift = rng.integers(side // 4, side - side // 4)
        return np.roll(radiograph, shift, axis=int(rng.integers(2)))
    if choice == 2:
        spectrum = np.fft.rfft2(radiograph.astype(np.float32))
        phase = np.exp(2j * np.pi * rng.random(spectrum.shape))
        return _stretched(np.fft.irfft2(np.abs(spectrum) * phase, s=radiograph.shape))
    if choice == 3:
        half = radiograph[:, : side // 2]
        return sized(np.hstack([half[:, ::-1], half]) if rng.random() < 0.5 else half)
    flow = [
        cv2.resize(rng.normal(0, 1, (4, 4)).astype(np.float32), (side, side))
        * rng.uniform(0.25, 0.5)
        * side
        for _ in range(2)
    ]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return np.asarray(
        cv2.remap(
            radiograph, x + flow[0], y + flow[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        np.uint8,
    )


def averaged(draw: Draw, rng: np.random.Generator) -> Picture:
    """Return the mean of many radiographs, with noise or without: a chest's shape, no patient."""
    mean = np.mean([draw() for _ in range(int(rng.integers(24, 64)))], axis=0)
    return _stretched(mean + rng.normal(0, rng.choice(np.array([0, 2, 8, 20, 50])), mean.shape))


def drawing(rng: np.random.Generator) -> Picture:
    """Return lines, shapes and letters, sharp or soft: charts, documents, cartoons, phantoms."""
    page = np.full((SIDE, SIDE), int(rng.integers(256)), dtype=np.uint8)
    for _ in range(rng.integers(1, 25)):
        tone, points = int(rng.integers(256)), rng.integers(-10, SIDE + 10, (4, 2))
        kind = rng.integers(5)
        if kind == 0:
            cv2.line(page, points[0].tolist(), points[1].tolist(), tone, int(rng.integers(1, 9)))
        elif kind == 1:
            axes = rng.integers(2, 60, 2).tolist()
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(page, points[0].tolist(), axes, turn, 0, 360, tone, -1)
        elif kind == 2:
            cv2.rectangle(page, points[0].tolist(), points[1].tolist(), tone, -1)
        elif kind == 3:
            cv2.fillPoly(page, [points], tone)
        else:
            _write(page, rng)
    if rng.random() < 0.5:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), rng.uniform(0.5, 8)), np.uint8)
    if rng.random() < 0.4:
        page = np.clip(page + rng.normal(0, rng.uniform(2, 30), page.shape), 0, 255).astype(
            np.uint8
        )
    return page


def limbs(rng: np.random.Generator) -> Picture:
    """Return soft bright shafts and joints on dark: bones in soft tissue, of no body."""
    image: MatLike = np.full((SIDE, SIDE), rng.uniform(0, 60), dtype=np.float32)
    for _ in range(rng.integers(1, 7)):
        ends = rng.integers(0, SIDE, (2, 2))
        width, tone = int(rng.integers(6, 50)), rng.uniform(20, 110)
        tissue: MatLike = np.zeros_like(image)
        cv2.line(tissue, ends[0].tolist(), ends[1].tolist(), (tone,), width)
        bone: MatLike = np.zeros_like(image)
        cv2.line(bone, ends[0].tolist(), ends[1].tolist(), (tone,), max(2, width // 3))
        for end in ends:
            cv2.circle(bone, end.tolist(), max(3, width // 3), (tone,), -1)
        image += cv2.GaussianBlur(tissue, (0, 0), 5) + cv2.GaussianBlur(bone, (0, 0), 1.5)
    return _stretched(image + rng.normal(0, rng.uniform(1, 6), image.shape))


def texture(rng: np.random.Generator) -> Picture:
    """Return noise of some colour, a gradient, stripes or a plain tone."""
    choice = rng.integers(5)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    if choice == 0:
        return np.full((SIDE, SIDE), int(rng.integers(256)), dtype=np.uint8)
    if choice == 1:
        a, b, c = rng.normal(0, 1, 3)
        return _stretched(a * x + b * y + c * np.hypot(x - rng.random(), y - rng.random()))
    if choice == 2:
        a, b = rng.uniform(-40, 40, 2)
        wave = np.sin(a * x + b * y + rng.random())
        return _stretched(np.sign(wave) if rng.random() < 0.5 else wave)
    # Spectral power falls as a power of frequency: white noise at 0, clouds at 3.
    fall = rng.uniform(0, 3)
    spectrum = np.fft.rfft2(rng.normal(0, 1, (SIDE, SIDE)))
    frequency = np.hypot(*np.meshgrid(np.fft.rfftfreq(SIDE), np.fft.fftfreq(SIDE)))
    frequency[0, 0] = 1.0
    return _stretched(np.fft.irfft2(spectrum / frequency ** (fall / 2), s=(SIDE, SIDE)))


def _write(page: Picture, rng: np.random.Generator) -> None:
    letters = "".join(rng.choice(np.array(list(_LETTERS)), rng.integers(2, 24)))
    where = rng.integers(-10, SIDE, 2).tolist()
    cv2.putText(
        page, letters, where, int(rng.integers(4)), rng.uniform(0.2, 1.2), int(rng.integers(256)), 1
    )


def sized(picture: MatLike) -> Picture:
    """Return a picture of any size squashed to the size of what is made here."""
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _stretched(values: NDArray[np.floating]) -> Picture:
    low, high = float(values.min()), float(values.max())
    return np.asarray(255 * (values - low) / max(high - low, 1e-9), dtype=np.uint8)
