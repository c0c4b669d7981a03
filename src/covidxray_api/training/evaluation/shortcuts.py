"""How much a network can tell without the lungs: what remains is a shortcut.

Maguolo & Nanni 2021 black out the lungs and find published set-ups hardly worse for it; DeGrave et
al. 2021 show why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from covidxray_api.lungs import LungFinder
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.fitting.fit import infer

Images = NDArray[np.uint8]
"""Shape (n, height, width)."""

BORDER = 0.1
"""Share of height and width that counts as border on each side."""

FEWEST = 30
"""Radiographs that a source needs to be told apart from others."""

THUMBNAIL = 8
"""Height and width of a thumbnail, in pixels."""


def lungs_blacked_out(images: Images, finder: LungFinder) -> Images:
    """Return the radiographs with the lungs, and what lies between and around them, black.

    The convex hull of what the finder marks is filled, so that no outline of an opacity is left.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        Radiographs.
    finder : LungFinder
        Finds the lungs.
    """
    covered = images.copy()
    height, width = images.shape[1:]
    for image in covered:
        mask = cv2.resize(finder.find(image), (width, height)) > 0.5
        points = np.argwhere(mask)[:, ::-1].astype(np.int32)
        if len(points):
            cv2.fillConvexPoly(image, cv2.convexHull(points), 0)
    return covered


def border_alone(images: Images) -> Images:
    """Return the radiographs with all but their border black."""
    height, width = images.shape[1:]
    rows, columns = round(BORDER * height), round(BORDER * width)
    bordered = images.copy()
    bordered[:, rows : height - rows, columns : width - columns] = 0
    return bordered


def thumbnails(images: Images) -> Images:
    """Return the radiographs reduced to a few gray patches."""
    height, width = images.shape[1:]
    small = [cv2.resize(image, (THUMBNAIL,) * 2, interpolation=cv2.INTER_AREA) for image in images]
    large = [cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST) for image in small]
    return np.stack(large).astype(np.uint8)


def arms(finder: LungFinder) -> Mapping[str, Callable[[Images], Images]]:
    """Return what a network is shown in each arm of the audit, by name."""
    return {
        "whole radiograph": lambda images: images,
        "lungs blacked out": lambda images: lungs_blacked_out(images, finder),
        "border alone": border_alone,
        "8×8 thumbnail": thumbnails,
    }


def sources_told_apart(
    network: keras.Model, tensor: NDArray[np.float32], images: Sequence[LabelledImage]
) -> dict[str, Any]:
    """Measure how well a network's features tell sources apart within a class.

    A network that has learned the disease alone would leave nothing to tell. Logistic regression on
    the features before the last layer, five folds by patient.

    Parameters
    ----------
    network : keras.Model
        A classifier.
    tensor : ndarray of float32, shape (n, height, width, 1)
        Radiographs that its training has not seen.
    images : sequence of LabelledImage
        The same radiographs.

    Returns
    -------
    dict
        For each class with two sources of at least `FEWEST` radiographs, the balanced accuracy and
        that of guessing.
    """
    features = infer(keras.Model(network.inputs, network.layers[-1].input), tensor)
    labels = np.array([image.label for image in images])
    sources = np.array([image.source for image in images])
    groups = np.array([image.group for image in images])
    report = {}
    for label in np.unique(labels):
        names, sizes = np.unique(sources[labels == label], return_counts=True)
        many = names[sizes >= FEWEST]
        if len(many) < 2:
            continue
        rows = (labels == label) & np.isin(sources, many)
        probe = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
        )
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
        told = cross_val_predict(
            probe, features[rows], sources[rows], groups=groups[rows], cv=folds
        )
        report[str(label)] = {
            "sources": [str(name) for name in many],
            "balanced_accuracy": float(balanced_accuracy_score(sources[rows], told)),
            "guessing": 1 / len(many),
        }
    return report
