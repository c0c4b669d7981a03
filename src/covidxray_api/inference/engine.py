"""The protocol that every inference engine keeps."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Computes a network; safe to call from several threads."""

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network says of a batch.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, 1)
            Preprocessed films, 0–1.

        Returns
        -------
        ndarray of float32, shape (n, …)
            Of a classifier (n, classes): each row sums to 1, classes in the manifest's order.
        """
        ...
