"""Display shutters (PS3.3 section C.7.6.11): what of an image is meant to be seen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from covidxray_api.decoding.values import number, numbers, texts, whole


def visible(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return what shutters leave to be seen, of an image's shape; none where there is no shutter.

    Several shutters leave what all of them leave. One that is not stated completely, or would
    leave nothing, is none.

    Parameters
    ----------
    dataset : Dataset
        The attributes of the image; rows and columns count from 1.
    shape : tuple of int
        Rows and columns.
    """
    drawn = [_SHAPES[kind] for kind in texts(dataset, "ShutterShape") if kind in _SHAPES]
    masks = [mask for draw in drawn if (mask := draw(dataset, shape)) is not None]
    if not masks:
        return None
    seen = np.bitwise_and.reduce(masks)
    return seen.astype(np.bool_) if 0 < np.count_nonzero(seen) < seen.size else None


def gray_outside(dataset: Dataset) -> int:
    """Return the gray level outside a shutter, 0 to 255: its presentation value, else black."""
    return min(max(int(number(dataset, "ShutterPresentationValue") or 0), 0), 65535) >> 8


def _rectangle(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
    edges = [
        whole(dataset, f"Shutter{edge}Edge")
        for edge in ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    ]
    if any(edge is None for edge in edges):
        return None
    top, bottom, left, right = (max(edge or 0, 0) for edge in edges)
    mask = np.zeros(shape, np.uint8)
    mask[max(top - 1, 0) : bottom, max(left - 1, 0) : right] = 1
    return mask


def _circle(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
    center = numbers(dataset, "CenterOfCircularShutter")
    radius = number(dataset, "RadiusOfCircularShutter")
    if len(center) != 2 or center[0] is None or center[1] is None or not radius:
        return None
    rows, columns = np.ogrid[1 : shape[0] + 1, 1 : shape[1] + 1]
    inside = (rows - center[0]) ** 2.0 + (columns - center[1]) ** 2.0 <= radius**2.0
    return np.asarray(inside, np.uint8)


def _polygon(dataset: Dataset, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
    stated = numbers(dataset, "VerticesOfThePolygonalShutter")
    vertices = [0 if value is None else value for value in stated]
    if len(vertices) < 6 or len(vertices) % 2 or None in stated:
        return None
    points = np.clip(np.array(vertices).reshape(-1, 2)[:, ::-1] - 1, -32768, 32767)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], (1,))
    return mask


_SHAPES = {"RECTANGULAR": _rectangle, "CIRCULAR": _circle, "POLYGONAL": _polygon}
