"""The protocols that inference engines keep."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Computes a network; safe to call from several threads."""

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answers of a network to a batch.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, channels)
            Preprocessed images.

        Returns
        -------
        ndarray of float32, shape (n, …)
            Of a classifier (n, classes): each row sums to 1, classes in the manifest's order.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """Computes which parts of a radiograph a network's answer rests on."""

    explains: bool
    """Whether this network has the output that it needs."""

    def evidence(
        self, tensor: NDArray[np.float32], contrast: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return how much each part of a radiograph speaks for a weighted sum of the logits.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, channels)
            Preprocessed images.
        contrast : ndarray of float32, shape (1, classes)
            Weight of each logit.

        Returns
        -------
        ndarray of float32, shape (n, rows, columns)
            HiResCAM (Draelos & Carin 2020, eq. 5); positive speaks for it.
        """
        ...


@runtime_checkable
class Measures(Protocol):
    """Computes how far an image lies from those that a network has learned from."""

    measures: bool
    """Whether this network has the output that it needs."""

    def infer_measured(
        self, tensor: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the answers of a classifier to a batch, and how far each image lies.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, channels)
            Preprocessed images.

        Returns
        -------
        ndarray of float32, shape (n, classes)
            As of `Engine.infer`.
        ndarray of float32, shape (n,)
            Distance of the network's features from those of its training, larger the farther; see
            `training.publishing.distance`.
        """
        ...
