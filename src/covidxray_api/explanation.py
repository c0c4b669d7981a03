"""Why: which parts of an image an answer rests on, and whether that can be believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference import Explains, LoadedModel
from covidxray_api.lungs import Outline, Spot
from covidxray_api.models.manifest import Label
from covidxray_api.radiograph import Radiograph

NO_MAP = "no_map"
NOT_FAITHFUL = "map_not_faithful"

SHARE = 0.2
"""Share of the image that is masked to put a map to the test."""

MARGIN = 0.01
"""By how much masking what a map marks must lower the probability more than masking the best of the
other places does."""

LUNGS = (128, 216, 255)
"""Colour of the lungs' outline over a map: red, green, blue."""

SHIFTS = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Thirds of height and width by which the mask is moved to cover other areas instead."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a network found what speaks for a label."""

    label: Label
    """The label that is explained."""

    map: NDArray[np.float32] | None
    """How much each cell of the image speaks for it, shape (rows, columns), 0 to 1; none if it is
    withheld."""

    withheld: str | None = None
    """Code of the reason why there is no map."""

    drop: float | None = None
    """By how much the label's probability falls when the map's top fifth is masked."""

    random_drop: float | None = None
    """By how much it falls on average when as large an area elsewhere is masked."""

    largest_drop: float | None = None
    """By how much it falls at most when as large an area elsewhere is masked."""

    spot: Spot | None = None
    """Where the map is strongest; none if it is withheld, or nothing looks for the lungs."""

    lungs: tuple[Outline, ...] | None = None
    """Outlines of the lungs on the image as it was sent, empty if they were not found; none if the
    map is withheld, or nothing looks for them."""


def explain(model: LoadedModel, radiograph: Radiograph, code: str) -> Explanation:
    """Draw the map of a label, and put it to the test on this very image.

    Masking the fifth of the image that the map marks most must lower the label's probability, and
    by `MARGIN` more than masking the same shape in any of four other places; otherwise the map says
    nothing and is withheld.

    Parameters
    ----------
    model : LoadedModel
        The network.
    radiograph : Radiograph
        An image as it is classified: upright, and lungs dark.
    code : str
        Code of one of the model's labels.
    """
    codes = [label.code for label in model.manifest.labels]
    column = codes.index(code)
    label, engine = model.manifest.labels[column], model.engine
    if not isinstance(engine, Explains) or not engine.explains:
        return Explanation(label, None, NO_MAP)
    tensor = model.tensor(radiograph)
    found = evidence(engine, tensor, column, len(codes))[0]
    mask = top(found, model.manifest.input_size)
    images = np.concatenate([tensor, masked(tensor, np.stack([mask, *elsewhere(mask)]))])
    whole, without, *others = model.calibrated(images)[:, column].tolist()
    drops = (whole - without, whole - float(np.mean(others)), whole - min(others))
    if drops[0] <= max(drops[2], 0) + MARGIN:
        return Explanation(label, None, NOT_FAITHFUL, *drops)
    return Explanation(label, found, None, *drops)


def evidence(
    engine: Explains, tensor: NDArray[np.float32], column: int, classes: int
) -> NDArray[np.float32]:
    """Return how much each cell of images speaks for a label and against the others.

    Parameters
    ----------
    engine : Explains
        A network that explains.
    tensor : ndarray of float32, shape (n, height, width, 1)
        Preprocessed images.
    column : int
        The label's place among the outputs.
    classes : int
        Number of outputs.

    Returns
    -------
    ndarray of float32, shape (n, rows, columns)
        0 to 1, where 1 is each image's most; what speaks against the label is 0.
    """
    # Softmax knows only differences: the label's logit against the mean of the others.
    contrast = np.full((1, classes), -1 / (classes - 1), np.float32)
    contrast[0, column] = 1
    found = np.maximum(engine.evidence(tensor, contrast), 0)
    scaled: NDArray[np.float32] = found / np.maximum(found.max(axis=(1, 2), keepdims=True), 1e-9)
    return scaled


def top(
    found: NDArray[np.float32], size: tuple[int, int], share: float = SHARE
) -> NDArray[np.bool_]:
    """Return where a map is strongest, at the size of what the network sees.

    Parameters
    ----------
    found : ndarray of float32, shape (rows, columns)
        A map.
    size : tuple of int
        Height and width of the network's input.
    share : float
        Share of the area that is returned.

    Returns
    -------
    ndarray of bool, shape `size`
        True in `share` of its pixels.
    """
    smooth = cv2.resize(found, size[::-1], interpolation=cv2.INTER_CUBIC).ravel()
    chosen = np.zeros(smooth.size, dtype=np.bool_)
    chosen[np.argsort(-smooth, kind="stable")[: round(share * smooth.size)]] = True
    return chosen.reshape(size)


def elsewhere(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return a mask moved by thirds of the image, round its edges: as large, and of one shape."""
    height, width = mask.shape
    return [
        np.roll(mask, (down * height // 3, right * width // 3), (0, 1)) for down, right in SHIFTS
    ]


def masked(tensor: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Cover parts of an image with its mean.

    Parameters
    ----------
    tensor : ndarray of float32, shape (1 or n, height, width, 1)
        Preprocessed images.
    masks : ndarray of bool, shape (n, height, width)
        What is covered.

    Returns
    -------
    ndarray of float32, shape (n, height, width, 1)
        An image for each mask.
    """
    mean = tensor.mean(axis=(1, 2, 3), keepdims=True)
    return np.where(masks[..., np.newaxis], mean, tensor)


def overlay(
    pixels: NDArray[np.uint8], found: NDArray[np.float32], lungs: Iterable[Outline] = ()
) -> NDArray[np.uint8]:
    """Lay a map over an image, and outline the lungs.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        The image.
    found : ndarray of float32, shape (rows, columns)
        The map, 0 to 1.
    lungs : iterable of Outline
        Outlines of the lungs.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Red, green, blue: the image where the map is 0, towards yellow where it is 1; outlines are
        thin and light blue.
    """
    height, width = pixels.shape
    smooth = cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    tones = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    ramp = cv2.cvtColor(cv2.applyColorMap(tones, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)[:, 0]
    strength = (0.6 * smooth)[..., np.newaxis]
    colours = ramp[(smooth * 255).astype(np.uint8)]
    mixed = pixels[..., np.newaxis] * (1 - strength) + colours * strength
    drawn = np.asarray(mixed.round(), dtype=np.uint8)
    corners = [(np.array(outline) * (width, height)).astype(np.int32) for outline in lungs]
    cv2.polylines(drawn, corners, True, LUNGS, round(max(height, width) / 400) or 1, cv2.LINE_AA)
    return drawn
