"""From the files of a stored model to an engine that computes it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine
from covidxray_api.inference.model import LoadedModel
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.manifest import COMPILED, WEIGHTS, Preprocessing
from covidxray_api.models.store import StoredModel
from covidxray_api.settings import EngineName

LARGEST_DIFFERENCE = 1e-4
"""Largest difference of a probability between what was published and what is loaded."""

Load = Callable[[StoredModel], LoadedModel]
"""Makes a stored model ready to answer."""


def probe(steps: Preprocessing) -> NDArray[np.float32]:
    """Return the tensor that a network is asked about at publication and at each load.

    Parameters
    ----------
    steps : Preprocessing
        Gives the shape of the network's input.

    Returns
    -------
    ndarray of float32, shape (1, height, width, channels)
        Rings around the centre, 0–1.
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in steps.size), indexing="ij")
    rings = np.asarray(0.5 + 0.5 * np.cos(6 * np.hypot(x, y)), dtype=np.float32)
    return np.repeat(rings[np.newaxis, ..., np.newaxis], steps.channels, axis=-1)


def same_answers(answers: NDArray[np.floating], expected: NDArray[np.floating]) -> bool:
    """Return whether answers are those expected; what is not a number is never the same."""
    if answers.shape != expected.shape:
        return False
    return bool(np.abs(answers - expected).max() <= LARGEST_DIFFERENCE)


def load_model(
    stored: StoredModel, engine: EngineName = "compiled", threads: int | None = None
) -> LoadedModel:
    """Verify a stored model, load its network and compare its answer with the published one.

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
        If its files are not those that were published, or do not compute what they did then.
    """
    stored.verify()
    manifest = stored.manifest
    chosen: EngineName = "keras" if engine == "keras" or COMPILED not in manifest.files else engine
    name = WEIGHTS if chosen == "keras" else COMPILED
    if name not in manifest.files:
        raise CorruptArtefact("no_engine", path=stored.folder, engine=chosen)
    path = stored.folder / name
    if chosen == "keras":
        loaded = keras_engine(path, manifest.preprocessing, threads)
    else:
        loaded = OnnxEngine(path, threads or 1)
    try:
        answers = loaded.infer(probe(manifest.preprocessing))[0]
    except Exception as error:  # each engine raises its own kinds
        raise CorruptArtefact("no_network", path=path, fault=_in_a_line(error)) from error
    if manifest.probe is not None and not same_answers(answers, np.array(manifest.probe)):
        raise CorruptArtefact("computes_otherwise", path=path)
    return LoadedModel(stored, loaded, chosen)


def verify_model(stored: StoredModel) -> tuple[EngineName, ...]:
    """Load a stored model by each engine that it has a network for, and compare their answers.

    Parameters
    ----------
    stored : StoredModel
        The model.

    Returns
    -------
    tuple of str
        The engines.

    Raises
    ------
    CorruptArtefact
        If its files are not those that were published, do not compute what they did then, or do
        not compute the same.
    """
    files = stored.manifest.files
    networks: dict[EngineName, str] = {"compiled": COMPILED, "keras": WEIGHTS}
    engines = tuple(engine for engine, name in networks.items() if name in files)
    tensor = probe(stored.manifest.preprocessing)
    # A model without networks is one that no engine loads.
    loaded = [load_model(stored, engine) for engine in engines or ("compiled",)]
    first, *others = (model.engine.infer(tensor) for model in loaded)
    if not all(same_answers(answers, first) for answers in (first, *others)):
        raise CorruptArtefact("computes_otherwise", path=stored.folder)
    return engines


def keras_engine(path: Path, steps: Preprocessing, threads: int | None = None) -> Engine:
    """Load a Keras network; imports TensorFlow on first use.

    Parameters
    ----------
    path : Path
        The network.
    steps : Preprocessing
        Gives the shape of its input.
    threads : int, optional
        Threads that one inference may use; as many as there are cores if none.

    Raises
    ------
    CorruptArtefact
        If the file is no such network, or one that would run code of its own.
    """
    # Without it, TensorFlow complains of absent GPUs on every start; its errors are raised anyway.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from covidxray_api.inference.keras import KerasEngine, limit_threads

    if threads is not None:
        # A process that has already computed, as in training, keeps the threads it has.
        with contextlib.suppress(RuntimeError):
            limit_threads(threads)
    try:
        return KerasEngine(path, (*steps.size, steps.channels))
    except Exception as error:  # Keras raises its own kinds
        raise CorruptArtefact("no_network", path=path, fault=_in_a_line(error)) from error


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
