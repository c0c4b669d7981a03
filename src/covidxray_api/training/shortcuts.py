"""How much a network can tell without the lungs: what remains is a shortcut.

Maguolo & Nanni 2021 black out the lungs and find published set-ups hardly worse for it; DeGrave et
al. 2021 show why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.lungs import SIZE

Films = NDArray[np.uint8]
"""Shape (n, height, width)."""

BORDER = 0.1
"""Share of height and width that counts as border on each side."""

THUMBNAIL = 8
"""Height and width of a thumbnail, in pixels."""


def lungs_blacked_out(films: Films, finder: keras.Model) -> Films:
    """Return the films with the lungs, and what lies between and around them, black.

    The convex hull of what the finder marks is filled, so that no outline of an opacity is left.

    Parameters
    ----------
    films : ndarray of uint8, shape (n, height, width)
        Films.
    finder : keras.Model
        What `train_lung_finder` returned.
    """
    probability = finder.predict(preprocess(list(films), SIZE), batch_size=256, verbose=0)[..., 0]
    covered = films.copy()
    height, width = films.shape[1:]
    for film, lung in zip(covered, probability, strict=True):
        mask = cv2.resize(lung, (width, height)) > 0.5
        points = np.argwhere(mask)[:, ::-1].astype(np.int32)
        if len(points):
            cv2.fillConvexPoly(film, cv2.convexHull(points), 0)
    return covered


def border_alone(films: Films) -> Films:
    """Return the films with all but their border black."""
    height, width = films.shape[1:]
    rows, columns = round(BORDER * height), round(BORDER * width)
    bordered = films.copy()
    bordered[:, rows : height - rows, columns : width - columns] = 0
    return bordered


def thumbnails(films: Films) -> Films:
    """Return the films reduced to a few gray patches."""
    height, width = films.shape[1:]
    small = [cv2.resize(film, (THUMBNAIL,) * 2, interpolation=cv2.INTER_AREA) for film in films]
    large = [cv2.resize(film, (width, height), interpolation=cv2.INTER_NEAREST) for film in small]
    return np.stack(large).astype(np.uint8)


def arms(finder: keras.Model) -> Mapping[str, Callable[[Films], Films]]:
    """Return what a network is shown in each arm of the audit, by name."""
    return {
        "whole film": lambda films: films,
        "lungs blacked out": lambda films: lungs_blacked_out(films, finder),
        "border alone": border_alone,
        "8×8 thumbnail": thumbnails,
    }
