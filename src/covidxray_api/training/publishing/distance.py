"""How far a radiograph lies from those that a network has learned from, in its own features.

Relative Mahalanobis distance (Ren et al. 2021, A Simple Fix to Mahalanobis Distance for Improving
Near-OOD Detection, eq. 2), its classes the sources: the squared distance from the centre of the
nearest source, in the covariance within sources, less that from the centre of all, in the
covariance of all. Of both, only what differs counts: along the axes on which sources differ (Fisher
1936), one fewer than there are sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from covidxray_api.inference.onnx import DISTANCE

FEATURES = "features"
"""Name of the layer whose outputs a network judges by."""

LEAST_SPREAD = 1e-3
"""Least variance of radiographs along an axis of their features, as a share of the mean."""

LEAST_DIFFERENCE = 1e-6
"""Least spread of the sources along an axis, as a share of the largest."""


def whitening(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix by which features become uncorrelated, and of variance 1.

    Parameters
    ----------
    centred : ndarray, shape (n, features)
        Features less their mean.
    """
    variances, axes = np.linalg.eigh(centred.T @ centred / (len(centred) - 1))
    # Along an axis on which radiographs hardly differ, rounding would be taken for distance.
    matrix: NDArray[np.float64] = axes / np.sqrt(
        np.maximum(variances, LEAST_SPREAD * variances.mean())
    )
    return matrix


class Sources(NamedTuple):
    """Where the features of the sources of a training lie."""

    centre: NDArray[np.float64]
    """Of all radiographs, shape (features,)."""

    axes: NDArray[np.float64]
    """On which sources differ, with variance 1 within them, shape (features, axes)."""

    centres: NDArray[np.float64]
    """Of the sources along the axes, from that of all, shape (sources, axes)."""

    variances: NDArray[np.float64]
    """Of all radiographs along the axes, shape (axes,)."""

    @classmethod
    def of(cls, features: NDArray[np.floating], sources: Sequence[str]) -> Self:
        """Return where sources lie.

        Parameters
        ----------
        features : ndarray, shape (n, features)
            Of the radiographs of the training.
        sources : sequence of str
            Source of each; two or more.
        """
        found = features.astype(np.float64)
        _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
        own = np.array([found[which == number].mean(axis=0) for number in range(len(counts))])
        centre = found.mean(axis=0)
        white = whitening(found - own[which])
        apart = (own - centre) @ white
        _, spread, directions = np.linalg.svd(
            apart * np.sqrt(counts / len(found))[:, np.newaxis], full_matrices=False
        )
        kept = spread > LEAST_DIFFERENCE * spread.max()
        axes = white @ directions[kept].T
        return cls(centre, axes, (own - centre) @ axes, 1 + spread[kept] ** 2)

    def distances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how far features lie, shape (n, features): shape (n,), larger the farther."""
        along = (features - self.centre) @ self.axes
        apart = np.square(along[:, np.newaxis] - self.centres).sum(axis=2)
        found: NDArray[np.float64] = apart.min(axis=1) - (along**2 / self.variances).sum(axis=1)
        return found


def pooled(network: keras.Model) -> keras.Model | None:
    """Return the part of a classifier that computes its features; None if it pools none."""
    names = [layer.name for layer in network.layers]
    if FEATURES not in names:
        return None
    return keras.Model(network.input, network.get_layer(FEATURES).output)


def add_distance(path: Path, sources: Sources) -> None:
    """Add the output `DISTANCE` to a compiled classifier, in its file.

    Parameters
    ----------
    path : Path
        A network that ends in a dense layer on its features, and a softmax.
    sources : Sources
        Where the sources of its training lie.
    """
    model = onnx.load(path)
    graph = model.graph
    (*_, dense) = (node for node in graph.node if node.op_type == "MatMul")

    def constant(name: str, values: NDArray[np.float64] | NDArray[np.int64]) -> str:
        kept = values if values.dtype == np.int64 else values.astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(kept, name))
        return name

    def append(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    centred = append(
        "Sub", [dense.input[0], constant("sources_centre", sources.centre)], "features_centred"
    )
    along = append("MatMul", [centred, constant("sources_axes", sources.axes)], "features_along")
    squares = append("Mul", [along, along], "features_squared")
    # |a - c|² = |a|² - 2ac + |c|²
    cross = constant("sources_cross", -2 * sources.centres.T)
    lengths = constant("sources_lengths", np.square(sources.centres).sum(axis=1))
    beyond = append(
        "Add", [append("MatMul", [along, cross], "sources_crossed"), lengths], "sources_beyond"
    )
    nearest = append("ReduceMin", [beyond], "source_nearest", axes=[1], keepdims=1)
    # |a|² counts in full for the nearest source, and by the variances for all.
    weights = constant("sources_weights", (1 - 1 / sources.variances)[:, np.newaxis])
    whole = append("MatMul", [squares, weights], "features_weighed")
    column = append("Add", [nearest, whole], "distance_column")
    append("ReduceSum", [column, constant("distance_axis", np.array([1]))], DISTANCE, keepdims=0)
    graph.output.append(helper.make_tensor_value_info(DISTANCE, onnx.TensorProto.FLOAT, [None]))
    onnx.checker.check_model(model)
    onnx.save(model, path)
