"""Does the map show what the answer rests on? Measured by covering and uncovering radiographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.errors import DatasetError
from covidxray_api.explanation import elsewhere, evidence, explain, masked, top
from covidxray_api.inference import LoadedModel
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.intervals import exact_interval
from covidxray_api.radiograph import Radiograph
from covidxray_api.training.evaluation.metrics import proportion

SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of a radiograph at which it is covered and uncovered."""

BLUR = 8.0
"""Standard deviation, in pixels, of the blurred radiograph that uncovering begins with."""


def faithfulness(
    model: LoadedModel, pixels: NDArray[np.uint8], groups: Sequence[str]
) -> dict[str, Any]:
    """Cover what maps mark, and as much elsewhere, and tell what becomes of the answer.

    Parameters
    ----------
    model : LoadedModel
        A model whose compiled network explains.
    pixels : ndarray of uint8, shape (n, height, width)
        Radiographs at the model's input size, whose predicted label is explained.
    groups : sequence of str
        Patient of each radiograph.

    Returns
    -------
    dict
        In `labels`, by predicted label and for all: `n`; `holds`, the share of radiographs whose
        map passes the check of `explanation.explain`, with its interval; `drop` and `random_drop`,
        means; `deletion` and `insertion`, areas under the curves of Petsiuk et al. 2018 (RISE,
        section 3.2), and those of the map moved elsewhere. `curves` has the mean curves, at
        `SHARES`.
    """
    labels = model.manifest.labels
    explained, curves, columns = [], [], []
    for image in track(pixels, "Covering radiographs"):
        radiograph = Radiograph(image, "image/png")
        tensor, column = _called(model, radiograph)
        explained.append(explain(model, radiograph, labels[column].code))
        curves.append(_curves(model, tensor, column))
        columns.append(column)
    called, drawn = np.array(columns), np.array(curves)
    patients = np.array(groups)
    drops = np.array([(each.drop, each.random_drop) for each in explained], dtype=np.float64)
    holds = np.array([each.map is not None for each in explained])

    def summed(rows: NDArray[np.intp]) -> dict[str, Any]:
        areas = np.trapezoid(drawn[rows].mean(axis=0), SHARES)
        names = ("deletion", "deletion_elsewhere", "insertion", "insertion_elsewhere")
        return {
            "n": len(rows),
            "holds": proportion(holds[rows], patients[rows])._asdict(),
            "drop": float(drops[rows, 0].mean()),
            "random_drop": float(drops[rows, 1].mean()),
            **dict(zip(names, areas.tolist(), strict=True)),
        }

    by_label = {
        label.code: summed(np.flatnonzero(called == column))
        for column, label in enumerate(labels)
        if (called == column).any()
    }
    return {
        "labels": by_label | {"all": summed(np.arange(len(called)))},
        "curves": drawn.mean(axis=0).tolist(),
    }


def _called(model: LoadedModel, radiograph: Radiograph) -> tuple[NDArray[np.float32], int]:
    """Return the network's input of a radiograph, and the column of its predicted label."""
    tensor = model.tensor(radiograph)
    return tensor, int(model.calibrated(tensor)[0].argmax())


def _curves(model: LoadedModel, tensor: NDArray[np.float32], column: int) -> NDArray[np.float64]:
    """Return the label's probability as a radiograph is covered and uncovered: shape (4, shares).

    Covered by the map and by the map moved, uncovered likewise.
    """
    engine = model.engine
    if not isinstance(engine, OnnxEngine):
        raise DatasetError("no_saliency", model=model.manifest.name)
    found = evidence(engine, tensor, column, len(model.manifest.labels))[0]
    size = model.manifest.input_size
    masks = [top(found, size, share) for share in SHARES]
    moved = [elsewhere(mask)[0] for mask in masks]
    both = np.stack([*masks, *moved])
    blurred = cv2.GaussianBlur(tensor[0, ..., 0], (0, 0), BLUR)[np.newaxis, ..., np.newaxis]
    uncovered = np.where(both[..., np.newaxis], tensor, blurred).astype(np.float32)
    images = np.concatenate([masked(tensor, both), uncovered])
    return model.calibrated(images)[:, column].reshape(4, len(SHARES))


def inside_lungs(
    model: LoadedModel, images: NDArray[np.uint8], masks: NDArray[np.uint8]
) -> dict[str, Any]:
    """Tell how much of the maps lies inside the lungs.

    Parameters
    ----------
    model : LoadedModel
        A model whose compiled network explains.
    images, masks : ndarray of uint8, shape (n, height, width)
        Radiographs, and masks where 255 is lung.

    Returns
    -------
    dict
        By predicted label, over maps that pass their check: `n`, `inside`, the mean share of a map
        inside the lungs, `peak`, the share whose strongest cell is, and `area`, the mean share of
        the radiograph that the lungs take, which a map that knows nothing would have.
    """
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for image, mask in zip(track(images, "Maps and lungs"), masks, strict=True):
        radiograph = Radiograph(image, "image/jpeg")
        code = model.manifest.labels[_called(model, radiograph)[1]].code
        found = explain(model, radiograph, code).map
        if found is None:
            continue
        lungs = cv2.resize(mask, found.shape[::-1], interpolation=cv2.INTER_AREA) / 255
        strongest = np.unravel_index(found.argmax(), found.shape)
        inside = float((found * lungs).sum() / found.sum())
        rows.setdefault(code, []).append((inside, float(lungs[strongest] >= 0.5), lungs.mean()))
    rows["all"] = [row for each in rows.values() for row in each]
    return {
        code: {"n": len(found)}
        | dict(zip(("inside", "peak", "area"), np.mean(found, axis=0).tolist(), strict=True))
        for code, found in rows.items()
    }


def outside_share(found: dict[str, Any]) -> dict[str, Any]:
    """Return the share of maps that are strongest outside the lungs, with its 95 % interval.

    Parameters
    ----------
    found : dict
        What `inside_lungs` says of a label.
    """
    share = 1 - found["peak"]
    low, high = exact_interval(share, found["n"])
    return {"value": share, "low": low, "high": high, "n": found["n"]}
