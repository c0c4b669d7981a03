import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np
import pytest

from covidxray_api.errors import DatasetError
from covidxray_api.training.fitting.efficientnet_lite import blocks, efficientnet_lite
from covidxray_api.training.fitting.efficientnet_lite import take_pretrained as take
from covidxray_api.training.fitting.pretrained import MAGIC, read_tensors


class Global:
    """Pickled as a name of a module, which need not be installed."""

    def __init__(self, module: str, name: str) -> None:
        self.line = f"c{module}\n{name}\n".encode()


class Rebuilt:
    """Pickled as PyTorch does a tensor: a call with its storage, offset, shape and strides."""

    def __init__(self, key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]):
        self.key, self.place = key, (offset, shape, strides)


def body(value: Any) -> bytes:
    """Return a pickle of protocol 2 without its head and its end."""
    return pickle.dumps(value, 2)[2:-1]


def write(file: BinaryIO, tensors: dict[str, Rebuilt], storages: dict[str, np.ndarray]) -> None:
    for value in (MAGIC, 1001, {"little_endian": True}):
        pickle.dump(value, file, 2)
    rebuild, storage = Global("torch._utils", "_rebuild_tensor_v2"), Global("torch", "FloatStorage")
    items = b""
    for name, tensor in tensors.items():
        count = len(storages[tensor.key])
        where = b"(" + body("storage") + storage.line + body(tensor.key)
        where += body("cpu") + body(count) + b"Nt" + b"Q"
        items += body(name) + rebuild.line + b"(" + where
        items += b"".join(map(body, tensor.place)) + b"tR"
    ordered = Global("collections", "OrderedDict")
    file.write(b"\x80\x02" + ordered.line + b")R(" + items + b"u.")
    pickle.dump(list(storages), file, 2)
    for values in storages.values():
        file.write(len(values).to_bytes(8, "little") + values.astype("<f4").tobytes())


def test_tensors_are_read_as_they_lie_in_their_storages(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    tensors = {"whole": Rebuilt("b", 0, (2, 3), (3, 1)), "turned": Rebuilt("a", 1, (2, 2), (1, 2))}
    storages = {"a": np.arange(5.0), "b": np.arange(6.0)}
    with path.open("wb") as file:
        write(file, tensors, storages)
    found = read_tensors(path)
    np.testing.assert_array_equal(found["whole"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["turned"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pickle", pickle.dumps(5), pickle.dumps(MAGIC, 2) + b"cos\nsystem\n(S'true'\ntR."],
    ids=["empty", "text", "another number", "a call"],
)
def test_what_holds_no_tensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="pretrained"):
        read_tensors(path)


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with path.open("wb") as file:
        write(file, {"beyond": Rebuilt("a", 0, (9,), (1,))}, {"a": np.arange(5.0)})
    with pytest.raises(DatasetError, match="pretrained"):
        read_tensors(path)


def test_a_gray_image_is_seen_as_one_of_three_equal_channels() -> None:
    rng = np.random.default_rng(0)
    tensors = {"_conv_stem.weight": rng.normal(size=(32, 3, 3, 3)).astype(np.float32)}

    def norm(name: str, width: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{name}.{part}"] = rng.uniform(0.5, 1.5, width).astype(np.float32)

    def convolution(name: str, *shape: int) -> None:
        tensors[f"{name}.weight"] = rng.normal(0, 0.1, shape).astype(np.float32)

    norm("_bn0", 32)
    for block in blocks():
        name, width = f"_blocks.{block.number}", block.before * block.expansion
        if block.expansion > 1:
            convolution(f"{name}._expand_conv", width, block.before, 1, 1)
            norm(f"{name}._bn0", width)
        convolution(f"{name}._depthwise_conv", width, 1, block.kernel, block.kernel)
        norm(f"{name}._bn1", width)
        convolution(f"{name}._project_conv", block.after, width, 1, 1)
        norm(f"{name}._bn2", block.after)
    convolution("_conv_head", 1280, 320, 1, 1)
    norm("_bn1", 1280)
    network = efficientnet_lite((32, 32), 3)
    take(network, tensors)
    gray = rng.random((1, 32, 32, 1), dtype=np.float32)
    three = (np.repeat(gray, 3, axis=-1) * 255 - 127) / 128
    # What ONNX and PyTorch call a cross-correlation over three channels, with SAME padding.
    padded = np.pad(three[0], ((0, 1), (0, 1), (0, 0)))
    expected = np.einsum("ijc,ocij->o", padded[30:33, 30:33], tensors["_conv_stem.weight"])
    stem = keras.Model(network.input, network.get_layer("stem").output)
    np.testing.assert_allclose(
        stem.predict(gray, verbose=0)[0, 15, 15], expected, rtol=1e-4, atol=1e-4
    )
    layer = network.get_layer("block3_depthwise_norm")
    np.testing.assert_array_equal(layer.moving_variance, tensors["_blocks.3._bn1.running_var"])


def test_ordered_dictionary_is_what_holds_the_tensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with path.open("wb") as file:
        write(file, {}, {})
    assert read_tensors(path) == OrderedDict()
