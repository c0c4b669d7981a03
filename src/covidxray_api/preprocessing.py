"""From a radiograph to what a network sees: the same code in training and in serving."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from covidxray_api.models.manifest import Preprocessing


def preprocess(images: Sequence[NDArray[np.uint8]], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize images and bring their intensities to 0–1.

    An image is squashed to the size by area interpolation, which averages the source pixels that
    fall into each target pixel and so neither aliases nor invents detail when shrinking
    (Alvaro-Torres et al. 2021 use 64×64 gray images in 0–1).

    Parameters
    ----------
    images : sequence of ndarray of uint8, shape (height, width)
        Gray images of any size, 0 black to 255 white.
    size : tuple of int
        Height and width.

    Returns
    -------
    ndarray of float32, shape (n, height, width, 1)
        Intensities in 0–1.
    """
    height, width = size
    tensor = np.empty((len(images), height, width, 1), dtype=np.float32)
    for row, image in zip(tensor, images, strict=True):
        row[..., 0] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    tensor /= 255.0
    return tensor


def network_input(images: Sequence[NDArray[np.uint8]], steps: Preprocessing) -> NDArray[np.float32]:
    """Return what a network sees of images, as its manifest describes it.

    Parameters
    ----------
    images : sequence of ndarray of uint8, shape (height, width)
        Gray images of any size, 0 black to 255 white.
    steps : Preprocessing
        The steps, in the order of its fields.

    Returns
    -------
    ndarray of float32, shape (n, height, width, channels)
    """
    tensor = preprocess([_framed(image, steps) for image in images], steps.size)
    if steps.mean or steps.scale != 1.0:
        tensor = (tensor - np.float32(steps.mean)) / np.float32(steps.scale)
    return np.repeat(tensor, steps.channels, axis=-1) if steps.channels > 1 else tensor


def _framed(image: NDArray[np.uint8], steps: Preprocessing) -> NDArray[np.uint8]:
    height, width = image.shape
    if steps.rim:
        rows, columns = round(steps.rim * height), round(steps.rim * width)
        image = image[rows : height - rows, columns : width - columns]
    framed: MatLike = image
    if steps.fit == "pad":
        framed = _padded(image, steps.size[0] / steps.size[1])
    if steps.low_pass:
        # What area interpolation has averaged away does not come back when the image grows again.
        small = cv2.resize(framed, (steps.low_pass,) * 2, interpolation=cv2.INTER_AREA)
        framed = cv2.resize(small, steps.size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(framed, dtype=np.uint8)


def _padded(image: NDArray[np.uint8], ratio: float) -> MatLike:
    """Surround an image with black, evenly, until its height is `ratio` times its width."""
    height, width = image.shape
    rows = max(0, round(ratio * width) - height)
    columns = max(0, round(height / ratio) - width)
    return cv2.copyMakeBorder(
        image,
        rows // 2,
        rows - rows // 2,
        columns // 2,
        columns - columns // 2,
        cv2.BORDER_CONSTANT,
        value=(0,),
    )
