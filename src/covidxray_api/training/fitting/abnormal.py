"""A second output: how likely a radiograph is not normal, whatever it shows.

A logistic regression on the features behind the labels, learned from every finding that there is.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.data.sources import DATA_SETS, NORMAL
from covidxray_api.training.evaluation.metrics import auroc

SHRINKAGE = 1e-3
"""Inverse strength of the penalty on standardised features: small, as hospitals are few."""

BATCH = 1024
"""Images whose tensors are held at a time."""


def pooled_features(
    network: keras.Model, pixels: NDArray[np.uint8], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return what the last layer of a classifier sees of images: float32, shape (n, features).

    Parameters
    ----------
    network : keras.Model
        The classifier.
    pixels : ndarray of uint8, shape (n, height, width)
        Images.
    size : tuple of int
        Height and width of its input.
    """
    seen = keras.Model(network.input, network.layers[-1].input)
    return np.concatenate(
        [
            seen.predict(preprocess(list(pixels[at : at + BATCH]), size), batch_size=64, verbose=0)
            for at in range(0, len(pixels), BATCH)
        ]
    )


def fit_head(
    features: NDArray[np.float32], images: Sequence[LabelledImage]
) -> tuple[NDArray[np.float64], float]:
    """Return weights and bias of a logistic regression of abnormal against normal.

    Normal and abnormal count alike; within each, a source by the root of its number of radiographs.

    Parameters
    ----------
    features : ndarray, shape (n, features)
        See `pooled_features`.
    images : sequence of LabelledImage
        The radiographs, all of known normality.
    """
    abnormal = np.array([image.label != NORMAL for image in images])
    sources = np.array([image.source for image in images])
    counted = np.zeros(len(images))
    for kind in (True, False):
        names, sizes = np.unique(sources[abnormal == kind], return_counts=True)
        for name, size in zip(names, np.sqrt(sizes), strict=True):
            rows = (abnormal == kind) & (sources == name)
            counted[rows] = size / np.sqrt(sizes).sum() / rows.sum() * len(images) / 2
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=SHRINKAGE, max_iter=500).fit(
        (features - mean) / spread, abnormal, sample_weight=counted
    )
    weights: NDArray[np.float64] = fitted.coef_[0] / spread
    return weights, float(fitted.intercept_[0] - weights @ mean)


def with_abnormal(
    network: keras.Model, features: NDArray[np.float32], images: Sequence[LabelledImage]
) -> keras.Model:
    """Return a classifier with one column more: the probability that a radiograph is not normal.

    Parameters
    ----------
    network : keras.Model
        The classifier.
    features : ndarray, shape (n, features)
        What its last layer sees of the radiographs.
    images : sequence of LabelledImage
        What to learn from: radiographs of which it is known if they are normal.
    """
    weights, bias = fit_head(features, images)
    head = layers.Dense(1, activation="sigmoid", name="abnormal")
    score = head(network.layers[-1].input)
    head.set_weights([weights[:, np.newaxis].astype(np.float32), np.array([bias], np.float32)])
    answers = layers.Concatenate(name="answers")([network.output, score])
    return keras.Model(network.input, answers, name=network.name)


def told_apart_left_out(
    features: NDArray[np.float32], images: Sequence[LabelledImage]
) -> dict[str, dict[str, float]]:
    """Return how well an output that saw nothing of an archive tells its findings from normal.

    Normal radiographs are those of the same archive, or, where it has none, of the smallest
    archive of healthy adults, which is left out as well.

    Parameters
    ----------
    features : ndarray, shape (n, features)
        What the last layer of the classifier sees of the radiographs.
    images : sequence of LabelledImage
        Radiographs of which it is known if they are normal.

    Returns
    -------
    dict
        For each archive of adults with findings, `auroc`, and the numbers of `abnormal` and
        `normal` radiographs.
    """
    archives = np.array([DATA_SETS.archive(image.source) for image in images])
    normal = np.array([image.label == NORMAL for image in images])
    adult = np.array([not DATA_SETS.of_children(image.source) for image in images])
    names, sizes = np.unique(archives[normal & adult], return_counts=True)
    found = {}
    for archive in np.unique(archives[~normal & adult]).tolist():
        control = archive if archive in names else names[sizes.argmin()]
        away = np.isin(archives, (archive, control))
        weights, _ = fit_head(
            features[~away], [image for image, out in zip(images, away, strict=True) if not out]
        )
        scores = features @ weights
        cases, controls = (archives == archive) & ~normal, (archives == control) & normal
        found[archive] = {
            "auroc": auroc(scores[cases], scores[controls]),
            "abnormal": int(cases.sum()),
            "normal": int(controls.sum()),
        }
    return found
