"""Stored models brought to life: verified, loaded once, warmed up."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.manifest import COMPILED, WEIGHTS, Manifest
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.preprocessing import preprocess
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import EngineName

LARGEST_DIFFERENCE = 1e-4
"""Largest difference of a probability between Keras and what was compiled from it."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A stored model and the engine that computes it."""

    stored: StoredModel
    engine: Engine

    @property
    def manifest(self) -> Manifest:
        """What the model says of itself."""
        return self.stored.manifest

    def tensor(self, radiograph: Radiograph) -> NDArray[np.float32]:
        """Return what the network sees of a film, shape (1, height, width, 1), 0–1."""
        return preprocess([radiograph.pixels], self.manifest.input_size)

    def calibrated(self, tensor: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of preprocessed films, shape (n, classes)."""
        return calibrate(self.engine.infer(tensor), self.manifest.temperature)

    def probabilities(self, radiograph: Radiograph) -> dict[str, float]:
        """Return the calibrated probability of each label, by its code; they sum to 1."""
        calibrated = self.calibrated(self.tensor(radiograph))[0]
        codes = (label.code for label in self.manifest.labels)
        return {code: float(p) for code, p in zip(codes, calibrated, strict=True)}


def calibrate(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Scale probabilities by a temperature (Guo et al. 2017, On Calibration, eq. 9).

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Softmax outputs; their logarithm is the logit up to a constant, which softmax ignores.
    temperature : float
        Above 1 softens, below 1 sharpens.

    Returns
    -------
    ndarray of float64, shape (n, classes)
        Each row sums to 1.
    """
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-12, 1.0)) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    calibrated: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return calibrated


def probe(size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the tensor on which a compiled network is compared with Keras at each load.

    Parameters
    ----------
    size : tuple of int
        Height and width of the network's input.

    Returns
    -------
    ndarray of float32, shape (1, height, width, 1)
        Rings around the centre, 0–1.
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in size), indexing="ij")
    rings = np.asarray(0.5 + 0.5 * np.cos(6 * np.hypot(x, y)), dtype=np.float32)
    return rings[np.newaxis, ..., np.newaxis]


def load_engine(
    stored: StoredModel, engine: EngineName = "compiled", threads: int | None = None
) -> Engine:
    """Load the network of a stored model.

    Parameters
    ----------
    stored : StoredModel
        The model.
    engine : str
        `compiled`, which takes Keras for a model that has no compiled form, or `keras`.
    threads : int, optional
        Threads that one inference may use; all cores if none, for Keras.

    Raises
    ------
    CorruptArtefact
        If the compiled form does not compute what Keras did when it was compiled.
    """
    manifest = stored.manifest
    if engine == "compiled" and manifest.parity is not None:
        compiled = OnnxEngine(stored.folder / COMPILED, threads or 1)
        said = compiled.infer(probe(manifest.input_size))[0]
        if np.abs(said - manifest.parity.probe).max() > LARGEST_DIFFERENCE:
            raise CorruptArtefact("computes_otherwise", path=stored.folder / COMPILED)
        return compiled
    return keras_engine(stored.folder / WEIGHTS, manifest.input_size, threads)


def keras_engine(path: Path, size: tuple[int, int], threads: int | None = None) -> Engine:
    """Load a Keras network; imports TensorFlow on first use.

    Parameters
    ----------
    path : Path
        The network.
    size : tuple of int
        Height and width of its input.
    threads : int, optional
        Threads that one inference may use; as many as there are cores if none.
    """
    # Without it, TensorFlow complains of absent GPUs on every start; its errors are raised anyway.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from covidxray_api.inference.keras import KerasEngine, limit_threads

    if threads is not None:
        # A process that has already computed, as in training, keeps the threads it has.
        with contextlib.suppress(RuntimeError):
            limit_threads(threads)
    return KerasEngine(path, size)


class ModelRegistry:
    """The models of a store, each loaded when first asked for and then kept.

    Parameters
    ----------
    store : ModelStore
        Where the models are.
    default : str
        Name of the model that answers when none is asked for.
    load : callable
        Makes the engine of a stored model.
    """

    def __init__(
        self,
        store: ModelStore,
        default: str,
        load: Callable[[StoredModel], Engine] = load_engine,
    ) -> None:
        self.store = store
        self.default = default
        self._load = load
        self._loaded: dict[str, LoadedModel] = {}
        self._lock = threading.Lock()

    def is_loaded(self, name: str | None = None) -> bool:
        """Return whether `get` answers at once."""
        return (name or self.default) in self._loaded

    def get(self, name: str | None = None) -> LoadedModel:
        """Return a model, ready to answer.

        Its hash is verified and one inference run before it is handed out, so that no request
        pays for the first one.

        Raises
        ------
        UnknownModel
            If no model has that name.
        CorruptArtefact
            If its files are not those that were published.
        """
        name = name or self.default
        # A loaded model answers without the lock, so that loading another delays nobody.
        if name not in self._loaded:
            with self._lock:
                if name not in self._loaded:
                    self._loaded[name] = self._bring_to_life(self.store.get(name))
        return self._loaded[name]

    def _bring_to_life(self, stored: StoredModel) -> LoadedModel:
        stored.verify()
        model = LoadedModel(stored, self._load(stored))
        model.probabilities(Radiograph(np.zeros((64, 64), dtype=np.uint8), "warm-up"))
        return model
