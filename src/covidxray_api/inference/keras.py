"""Inference with Keras itself: the source of truth, compiled once by `tf.function`."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class KerasEngine:
    """A `.keras` network behind a `tf.function` of fixed signature.

    ``Model.predict`` builds a data pipeline for each call, which costs some twenty times the
    inference itself; a traced function costs only the inference.

    Parameters
    ----------
    path : Path
        The network, saved by Keras 3 as ``.keras``.
    shape : tuple of int
        Height, width and channels of its input.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        signature = tf.TensorSpec((None, *shape), tf.float32)
        self._infer = tf.function(
            lambda tensor: network(tensor, training=False), input_signature=[signature]
        )

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of a batch; see `Engine.infer`."""
        probabilities: NDArray[np.float32] = self._infer(tf.constant(tensor)).numpy()
        return probabilities


def limit_threads(threads: int) -> None:
    """Bound the threads that TensorFlow uses; must run before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
