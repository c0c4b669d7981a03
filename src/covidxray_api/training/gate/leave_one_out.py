"""Trials: what a gate says of kinds of image, and of hospitals, that it was not trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.consistency import Gate, Reference
from covidxray_api.consistency.gate import GateManifest, Signals, Weights
from covidxray_api.errors import DatasetError
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.manifest import COMPILED
from covidxray_api.training.data.dataset import Film
from covidxray_api.training.gate.rules import FINDINGS_OF_KINDS, RULES, TURNS
from covidxray_api.training.publishing.compilation import compile_network

SEED = 2021

HOSPITALS: Mapping[str, tuple[str, ...]] = {
    "guangzhou": ("guangzhou",),
    "nih and rsna (one archive)": ("nih", "rsna"),
    "qatar_tb and tbx11k": ("qatar_tb", "tbx11k"),
    "all with COVID-19": ("covid_cxnet", "hannover", "ieee8023", "radiography_db"),
}
"""Sources whose films are left out of training together, by the name of the trial."""

TRIALS = "trials.npz"
"""File with what was said in trials."""

Rows = NDArray[np.intp]


class Division(NamedTuple):
    """Rows of films, no patient in two of them."""

    train: Rows
    """What the network learns from."""

    fitting: Rows
    """What the threshold is fitted on."""

    held_out: Rows
    """What is only measured."""


class Trial(NamedTuple):
    """What a gate says that was trained without some images; columns are those of `Signals`."""

    fitting: NDArray[np.float32]
    """Of the films that a threshold may be fitted on, shape (n, 3)."""

    films: NDArray[np.float32]
    """Of held-out films, or of all films of the sources that were left out, shape (n, 3)."""

    others: NDArray[np.float32]
    """Of the images of the kind that was left out, shape (n, 3)."""


def divide(films: Sequence[Film]) -> Division:
    """Divide films by patient: three fifths to train, one to fit the threshold, one to measure."""
    sources = [film.source for film in films]
    groups = [film.group for film in films]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    parts = [part for _, part in folds.split(sources, sources, groups)]
    return Division(np.sort(np.concatenate(parts[2:])), parts[1], parts[0])


def trial_gate(network: keras.Model, reference: Reference) -> Gate:
    """Return a gate around a network, whose weights and threshold have not been fitted.

    Parameters
    ----------
    network : keras.Model
        What `fit_gate` returned.
    reference : Reference
        The mean radiograph.
    """
    height, width = network.input_shape[1:3]
    undecided = GateManifest(
        version="0",
        input_size=(height, width),
        weights=Weights(frontal=1, distance=0, ssim=0, bias=0),
        threshold=0.5,
        threshold_rule="none yet",
        rules=RULES,
        kinds=FINDINGS_OF_KINDS,
        turns=TURNS,
        training={},
        files={},
    )
    with TemporaryDirectory() as folder:
        compile_network(network, Path(folder) / COMPILED)
        return Gate(undecided, OnnxEngine(Path(folder) / COMPILED), reference)


def signals_of(gate: Gate, images: Collection[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Return what the decisions of a gate on images would rest on.

    Parameters
    ----------
    gate : Gate
        The gate.
    images : collection of ndarray of uint8, shape (height, width)
        Images of any size.

    Returns
    -------
    ndarray of float32, shape (n, 3)
        The columns of `Signals`, of each image after it was corrected.
    """
    rows = []
    for image in track(images, "Judging", total=len(images)):
        look, pixels, _ = gate.corrected(image)
        rows.append(gate.signals(look, pixels))
    return np.array(rows, dtype=np.float32).reshape(-1, len(Signals._fields))


def write_trials(trials: Mapping[str, Trial], folder: Path) -> None:
    """Store trials by their names."""
    arrays = {
        f"{name}/{part}": values
        for name, trial in trials.items()
        for part, values in trial._asdict().items()
    }
    np.savez_compressed(folder / TRIALS, **arrays)


def read_trials(folder: Path) -> dict[str, Trial]:
    """Read trials by their names.

    Raises
    ------
    DatasetError
        If the file is missing.
    """
    if not (folder / TRIALS).is_file():
        raise DatasetError("file", folder=folder, name=TRIALS)
    with np.load(folder / TRIALS) as arrays:
        names = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
        return {
            name: Trial(*(arrays[f"{name}/{part}"] for part in Trial._fields)) for name in names
        }
