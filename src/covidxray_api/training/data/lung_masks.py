"""Radiographs with drawn lungs, and the hospital and patient that each is of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import LabelledImage, load_pixels
from covidxray_api.training.data.sources import DATA_SETS

THUMBNAIL = (24, 24)
"""Height and width at which radiographs are compared."""

SAME = 0.995
"""Least correlation of thumbnails of one radiograph; those of two radiographs reach 0.98."""


class Origins(NamedTuple):
    """Where radiographs come from."""

    sources: NDArray[np.str_]
    """Hospital or collection of each."""

    groups: NDArray[np.str_]
    """Patient of each."""


def read_lung_masks(
    folder: Path, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read radiographs ``NAME.jpg`` with their masks ``NAME_mask.png``, all brought to one size.

    Returns
    -------
    tuple of ndarray of uint8, each of shape (n, height, width)
        Radiographs, and masks where 255 is lung.

    Raises
    ------
    DatasetError
        If the folder has no masks.
    """
    masks = sorted(folder.glob("*_mask.png"))
    if not masks:
        raise DatasetError("file", folder=folder, name="NAME_mask.png")

    def read(path: Path) -> NDArray[np.uint8]:
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise DatasetError("unreadable", path=path)
        return cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)

    images = [read(path.with_name(path.name.replace("_mask.png", ".jpg"))) for path in masks]
    return np.stack(images), np.stack([read(path) for path in masks])


def origins(images: NDArray[np.uint8], radiographs: Sequence[LabelledImage]) -> Origins:
    """Tell where radiographs come from, by the labelled radiographs that they are copies of.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        Radiographs.
    radiographs : sequence of LabelledImage
        Radiographs whose hospitals and patients are known.

    Returns
    -------
    Origins
        Of one that is no copy, the collection that `sources.toml` names, and a patient of its own.
    """
    likeness = _thumbnails(images) @ _thumbnails(load_pixels(radiographs, THUMBNAIL)).T
    sources, groups = [], []
    for row, found in enumerate(likeness):
        copied = radiographs[int(found.argmax())] if found.max() >= SAME else None
        sources.append(copied.source if copied else DATA_SETS.lung_masks)
        groups.append(copied.group if copied else f"mask {row}")
    return Origins(np.array(sources), np.array(groups))


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return small pictures whose products are their correlations, shape (n, pixels)."""
    small = [cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA) for image in images]
    flat = np.stack(small).reshape(len(small), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    normal: NDArray[np.float32] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1)
    return normal
