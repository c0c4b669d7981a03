"""Inference with ONNX Runtime, from the form that a network is compiled to when it is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact

CONTRAST = "contrast"
"""Input of a network that can tell what an answer rests on: how its logits are added up."""

EVIDENCE = "evidence"
"""Output that tells it."""

DISTANCE = "distance"
"""Output of a network that tells how far an image lies from those that it has learned from."""


class OnnxEngine:
    """A network in the ONNX format; needs no TensorFlow.

    Parameters
    ----------
    path : Path
        The network, saved as ``.onnx``: images in, answers out, and what
        `training.publishing` adds.
    threads : int
        Threads that one inference may use.

    Raises
    ------
    CorruptArtefact
        If the file is no such network.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait would take the cores from decoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Nothing but errors: that a contrast is optional is no fault of the network.
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises its own kinds, all from Exception
            raise CorruptArtefact(
                "no_network", path=path, fault=" ".join(str(error).split())
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._answers, *others = (output.name for output in self._session.get_outputs())
        self.explains = EVIDENCE in others
        """Whether `evidence` can be asked for."""
        self.measures = DISTANCE in others
        """Whether `infer_measured` can be asked for."""

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network says of a batch; see `Engine.infer`."""
        (answers,) = self._session.run([self._answers], {self._input: tensor})
        return np.asarray(answers, dtype=np.float32)

    def infer_measured(
        self, tensor: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the network says of a batch, and how far each image lies; see `Measures`."""
        answers, distances = self._session.run([self._answers, DISTANCE], {self._input: tensor})
        return np.asarray(answers, dtype=np.float32), np.asarray(distances, dtype=np.float32)

    def evidence(
        self, tensor: NDArray[np.float32], contrast: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return how much each part of an image speaks for a weighted sum of the logits.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, 1)
            Preprocessed images, 0–1.
        contrast : ndarray of float32, shape (1, classes)
            Weight of each logit.

        Returns
        -------
        ndarray of float32, shape (n, rows, columns)
            HiResCAM (Draelos & Carin 2020, eq. 5); positive speaks for it.
        """
        (found,) = self._session.run([EVIDENCE], {self._input: tensor, CONTRAST: contrast})
        return np.asarray(found, dtype=np.float32)
