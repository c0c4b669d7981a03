"""From a film to what a network sees: one function, for training and for serving."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def preprocess(films: Sequence[NDArray[np.uint8]], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize films to a network's input and bring their intensities to 0–1.

    The film is squashed to the input's shape by area interpolation, which averages the source
    pixels that fall into each target pixel and so neither aliases nor invents detail when
    shrinking (Alvaro-Torres et al. 2021 use 64×64 gray images in 0–1).

    Parameters
    ----------
    films : sequence of ndarray of uint8, shape (height, width)
        Gray films of any size, 0 black to 255 white.
    size : tuple of int
        Height and width of the network's input.

    Returns
    -------
    ndarray of float32, shape (n, height, width, 1)
        Intensities in 0–1.
    """
    height, width = size
    tensor = np.empty((len(films), height, width, 1), dtype=np.float32)
    for row, film in zip(tensor, films, strict=True):
        row[..., 0] = cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)
    tensor /= 255.0
    return tensor
