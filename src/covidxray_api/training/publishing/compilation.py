"""From a Keras network to the compiled form that serves, and proof that they are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

from covidxray_api.errors import ParityBroken
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.inference.registry import LARGEST_DIFFERENCE, probe
from covidxray_api.models.artefacts import sha256_of
from covidxray_api.models.manifest import COMPILED, WEIGHTS, Parity
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import Film, load_pixels
from covidxray_api.training.fitting.fit import infer
from covidxray_api.training.publishing.attribution import add_evidence

OPSET = 17
"""Version of the ONNX operators."""

FILMS = 1000
"""Films on which the compiled form is compared, if there are so many."""


def compile_network(network: keras.Model, path: Path) -> None:
    """Write a network in the ONNX format.

    Parameters
    ----------
    network : keras.Model
        One input of shape (n, height, width, 1), one output.
    path : Path
        File to write.
    """
    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name="films")]
    tf2onnx.convert.from_function(
        tf.function(lambda films: network(films, training=False), input_signature=signature),
        input_signature=signature,
        opset=OPSET,
        output_path=str(path),
    )


def compile_model(stored: StoredModel, store: ModelStore, films: Sequence[Film]) -> StoredModel:
    """Compile a stored model, compare it with Keras, and record both in its manifest.

    Parameters
    ----------
    stored : StoredModel
        The model.
    store : ModelStore
        Where it is.
    films : sequence of Film
        Real films; 1,000 of them are asked about, or all if they are fewer.

    Raises
    ------
    ParityBroken
        If a probability differs by more than 1e-4, or a label does; nothing is recorded then.
    """
    network = keras.saving.load_model(stored.folder / WEIGHTS, compile=False)
    path = stored.folder / COMPILED
    compile_network(network, path)
    add_evidence(path)
    engine = OnnxEngine(path)
    size = stored.manifest.input_size
    rows = np.random.default_rng(0).permutation(len(films))[:FILMS]
    tensor = preprocess(list(load_pixels([films[row] for row in rows], size)), size)
    expected = infer(network, tensor)
    answers = np.concatenate([engine.infer(tensor[at : at + 1]) for at in range(len(tensor))])
    parity = Parity(
        compiler=f"tf2onnx {tf2onnx.__version__}",
        films=len(rows),
        largest_difference=float(np.abs(answers - expected).max()),
        labels_changed=int(np.sum(answers.argmax(axis=1) != expected.argmax(axis=1))),
        probe=tuple(infer(network, probe(size))[0].tolist()),
    )
    if parity.largest_difference > LARGEST_DIFFERENCE or parity.labels_changed:
        path.unlink()
        raise ParityBroken(
            count=parity.films,
            difference=f"{parity.largest_difference:.1e}",
            changed=parity.labels_changed,
        )
    files = {**stored.manifest.files, COMPILED: sha256_of(path)}
    return store.write_manifest(
        stored.manifest.model_copy(update={"parity": parity, "files": files})
    )
