"""Leave-one-out runs: signals of images of a kind or a hospital that training has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

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
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.gate.rules import FINDINGS_OF_KINDS, RULES, TURNS
from covidxray_api.training.publishing.compilation import compile_network

SEED = 2021

SIGNALS = "trials.npz"
"""File of the signals of all runs."""

PARTS = ("fitting", "films", "others")
"""Names in that file of the fields of `LeaveOneOut`."""

Rows = NDArray[np.intp]


class Division(NamedTuple):
    """Rows of radiographs, no patient in two of them."""

    train: Rows
    """What the network learns from."""

    fitting: Rows
    """What the threshold is fitted on."""

    held_out: Rows
    """What is only measured."""


class LeaveOneOut(NamedTuple):
    """Signals of a gate trained without some images; columns are those of `Signals`."""

    fitting: NDArray[np.float32]
    """Of the radiographs that a threshold may be fitted on, shape (n, 3)."""

    radiographs: NDArray[np.float32]
    """Of held-out radiographs, or of all of the sources that were left out, shape (n, 3)."""

    others: NDArray[np.float32]
    """Of the images of the kind that was left out, shape (n, 3)."""


def divide(radiographs: Sequence[LabelledImage]) -> Division:
    """Divide radiographs by patient: 3/5 to train, 1/5 to fit the threshold, 1/5 to measure."""
    sources = [radiograph.source for radiograph in radiographs]
    groups = [radiograph.group for radiograph in radiographs]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    parts = [part for _, part in folds.split(sources, sources, groups)]
    return Division(np.sort(np.concatenate(parts[2:])), parts[1], parts[0])


def repeat_division(
    radiographs: Sequence[LabelledImage], manifest: GateManifest
) -> list[LabelledImage]:
    """Return the radiographs that a stored gate has not been fitted on, of the sources it knows.

    Parameters
    ----------
    radiographs : sequence of LabelledImage
        All radiographs of the data folder that it was trained from.
    manifest : GateManifest
        The stored gate.

    Raises
    ------
    DatasetError
        If the numbers of radiographs by source are not those of its training.
    """
    sources = manifest.training["films"]
    known = [radiograph for radiograph in radiographs if radiograph.source in sources]
    try:
        rows = divide(known)
    except ValueError as error:
        raise DatasetError("split", model=f"gate {manifest.version}") from error
    found = [
        dict(Counter(known[row].source for row in part)) for part in (rows.train, rows.fitting)
    ]
    if found != [sources, manifest.training["films_for_threshold"]]:
        raise DatasetError("split", model=f"gate {manifest.version}")
    return [known[row] for row in rows.held_out]


def undecided_gate(network: keras.Model, reference: Reference) -> Gate:
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


def write_signals(runs: Mapping[str, LeaveOneOut], folder: Path) -> None:
    """Store the signals of leave-one-out runs, by what was left out."""
    arrays: dict[str, Any] = {
        f"{name}/{part}": values
        for name, run in runs.items()
        for part, values in zip(PARTS, run, strict=True)
    }
    np.savez_compressed(folder / SIGNALS, **arrays)


def read_signals(folder: Path) -> dict[str, LeaveOneOut]:
    """Read the signals of leave-one-out runs, by what was left out.

    Raises
    ------
    DatasetError
        If the file is missing.
    """
    if not (folder / SIGNALS).is_file():
        raise DatasetError("file", folder=folder, name=SIGNALS)
    with np.load(folder / SIGNALS) as arrays:
        names = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
        return {name: LeaveOneOut(*(arrays[f"{name}/{part}"] for part in PARTS)) for name in names}
