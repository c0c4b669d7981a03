from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.training.fitting.config import Softening
from covidxray_api.training.fitting.efficientnet_lite import efficientnet_lite
from covidxray_api.training.fitting.networks import residual, seed_cnn
from covidxray_api.training.publishing.attribution import LEAST_SIDE, add_evidence
from covidxray_api.training.publishing.compilation import compile_network

SOFTENING = Softening(detail=(48, 96), rim=0.12, pool=2, crop=3)


def compiled(network: keras.Model, folder: Path) -> OnnxEngine:
    compile_network(network, folder / "model.onnx")
    add_evidence(folder / "model.onnx")
    return OnnxEngine(folder / "model.onnx")


def by_tensorflow(network: keras.Model, images: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """HiResCAM as its paper has it, by automatic differentiation of the Keras network."""
    relus = [layer for layer in network.layers if isinstance(layer, keras.layers.ReLU)]
    (*_, fine) = [layer for layer in relus if layer.output.shape[1] >= LEAST_SIDE]
    features = tf.convert_to_tensor(keras.Model(network.input, fine.output)(images, training=False))
    pooled = keras.Model(fine.output, network.get_layer("features").output)
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = pooled(features, training=False) @ network.layers[-1].kernel
        total = tf.reduce_sum(logits * contrast)
    weighed: np.ndarray = tf.reduce_sum(features * tape.gradient(total, features), -1).numpy()
    return weighed


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (residual, (112, 112)),
        (residual, (120, 104)),
        (efficientnet_lite, (120, 144)),
        (partial(efficientnet_lite, soften=SOFTENING), (144, 144)),
    ],
)
def test_evidence_is_gradient_times_feature_map(
    tmp_path: Path, build: Callable[..., keras.Model], size: tuple[int, int]
) -> None:
    keras.utils.set_random_seed(0)
    network = build(size, 3)
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    images = rng.random((2, *size, 1), dtype=np.float32)
    contrast = np.array([[-0.5, 1, -0.5]], np.float32)

    found = compiled(network, tmp_path).evidence(images, contrast)

    expected = by_tensorflow(network, images, contrast)
    assert found.shape == expected.shape
    assert found.shape[1] >= LEAST_SIDE
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_a_network_without_a_fine_feature_map_has_no_evidence(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    network = seed_cnn((64, 64), 3)
    images = np.random.default_rng(0).random((2, 64, 64, 1), dtype=np.float32)

    engine = compiled(network, tmp_path)

    assert not engine.explains
    np.testing.assert_allclose(engine.infer(images), network.predict(images, verbose=0), atol=1e-5)
