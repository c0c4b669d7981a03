from pathlib import Path

import keras
import numpy as np
import pytest

from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.training.publishing.compilation import compile_network


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    film = keras.layers.Input((16, 24, 1))
    x = keras.layers.GroupNormalization(1)(film)
    x = keras.layers.SeparableConv2D(8, 3, strides=2, padding="same")(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(film, keras.layers.Dense(3, activation="softmax")(x))


@pytest.mark.parametrize("films", [1, 2, 7])
def test_the_compiled_network_answers_as_keras_does(
    network: keras.Model, tmp_path: Path, films: int
) -> None:
    compile_network(network, tmp_path / "model.onnx")
    engine = OnnxEngine(tmp_path / "model.onnx")
    tensor = np.random.default_rng(0).random((films, 16, 24, 1), dtype=np.float32)
    answers = engine.infer(tensor)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, network.predict(tensor, verbose=0), atol=1e-5)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(CorruptArtefact, match="no_network"):
        OnnxEngine(tmp_path / "model.onnx")
    with pytest.raises(CorruptArtefact):
        OnnxEngine(tmp_path / "absent.onnx")
