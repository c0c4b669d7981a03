"""From a Keras network to the compiled form that serves, and proof that they are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

from covidxray_api.errors import ParityBroken
from covidxray_api.inference.loading import same_answers
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.manifest import Parity, Preprocessing
from covidxray_api.preprocessing import network_input
from covidxray_api.training.data.dataset import LabelledImage, load_pixels
from covidxray_api.training.fitting.fit import infer
from covidxray_api.training.publishing.attribution import add_evidence
from covidxray_api.training.publishing.distance import Sources, add_distance, pooled

OPSET = 17
"""Version of the ONNX operators."""

IMAGES = 1000
"""Images on which the compiled form is compared, if there are so many."""

BATCH = 256
"""Images whose features are computed at once."""


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


def compile_form(
    network: keras.Model,
    path: Path,
    steps: Preprocessing,
    films: Sequence[LabelledImage],
    trained_on: Sequence[LabelledImage] = (),
) -> Parity:
    """Write the compiled form of a classifier, and compare it with Keras.

    It has a saliency map where the network has a fine feature map, and says how far a radiograph
    lies from those of the training where the network pools features.

    Parameters
    ----------
    network : keras.Model
        The classifier.
    path : Path
        File to write.
    steps : Preprocessing
        How images become its input.
    films : sequence of LabelledImage
        Real images; 1,000 of them are asked about, or all if they are fewer.
    trained_on : sequence of LabelledImage
        Those that the network has learned from; where all are of one source, it says nothing of
        distance.

    Raises
    ------
    ParityBroken
        If a probability differs by more than 1e-4 or is no number, or a label differs.
    """
    compile_network(network, path)
    add_evidence(path)
    origins = [film.source for film in trained_on]
    if len(set(origins)) > 1 and (features := pooled(network)):
        pixels = load_pixels(trained_on, steps.size)
        found = [
            infer(features, network_input(list(pixels[at : at + BATCH]), steps))
            for at in range(0, len(pixels), BATCH)
        ]
        add_distance(path, Sources.of(np.concatenate(found), origins))
    engine = OnnxEngine(path)
    rows = np.random.default_rng(0).permutation(len(films))[:IMAGES]
    tensor = network_input(list(load_pixels([films[row] for row in rows], steps.size)), steps)
    expected = infer(network, tensor)
    answers = np.concatenate([engine.infer(tensor[at : at + 1]) for at in range(len(tensor))])
    parity = Parity(
        compiler=f"tf2onnx {tf2onnx.__version__}",
        radiographs=len(rows),
        largest_difference=float(np.abs(answers - expected).max()),
        labels_changed=int(np.sum(answers.argmax(axis=1) != expected.argmax(axis=1))),
    )
    if not same_answers(answers, expected) or parity.labels_changed:
        raise ParityBroken(
            count=parity.radiographs,
            difference=f"{parity.largest_difference:.1e}",
            changed=parity.labels_changed,
        )
    return parity
