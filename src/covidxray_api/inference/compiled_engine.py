"""Inference with ONNX Runtime, from the form that a network is compiled to when it is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact


class CompiledEngine:
    """A network in the ONNX format; needs no TensorFlow.

    Parameters
    ----------
    path : Path
        The network, one input and one output, saved as ``.onnx``.
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
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises its own kinds, all from Exception
            raise CorruptArtefact(f"{path} is no compiled network: {error}") from error
        (self._input,) = (argument.name for argument in self._session.get_inputs())

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network says of a batch; see `Engine.infer`."""
        (answers,) = self._session.run(None, {self._input: tensor})
        return np.asarray(answers, dtype=np.float32)
