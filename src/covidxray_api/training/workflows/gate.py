"""What `covidxray gate train` and `evaluate gate` do, once their options are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from functools import partial
from pathlib import Path

import keras
import numpy as np
from rich.console import Console

from covidxray_api.consistency import Gate, Reference
from covidxray_api.consistency.gate import GATES, GateManifest
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.models.artefacts import CARD, EVIDENCE, write_json, write_text
from covidxray_api.training.data.dataset import DETAIL, load_pixels, read_dataset
from covidxray_api.training.data.other_images import read_other_images, read_pictures
from covidxray_api.training.data.sources import DATA_SETS
from covidxray_api.training.evaluation.gate import evaluate_gate
from covidxray_api.training.gate.examples import examples_of
from covidxray_api.training.gate.leave_one_out import (
    LeaveOneOut,
    divide,
    read_signals,
    signals_of,
    undecided_gate,
)
from covidxray_api.training.gate.network import fit_gate
from covidxray_api.training.gate.scoring import fit_threshold, fit_weights
from covidxray_api.training.gate.storing import write_gate
from covidxray_api.training.pages.gate import draw_gate, gate_card, gate_page


def run_gate_training(
    data: Path, others: Path, reference: Path, epochs: int, left_out_epochs: int
) -> GateManifest:
    """Train a gate, and one without each kind and hospital; fit weights and threshold, store it.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    others : Path
        Folder with other_images.csv.
    reference : Path
        Folder of the mean radiograph; the gate goes into its ``gate``.
    epochs, left_out_epochs : int
        Rounds that the gate which serves, and those of the runs, are trained.
    """
    radiographs, images = read_dataset(data), read_other_images(others)
    rows = divide(radiographs)
    pixels, pictures = load_pixels(radiographs, DETAIL), read_pictures(images)
    sources = np.array([radiograph.source for radiograph in radiographs])
    kinds = np.array([image.kind for image in images])
    examples = examples_of(pixels[rows.train], sources[rows.train], pictures, kinds)
    mean = Reference.load(reference)

    def report_epoch(name: str, epoch: int, loss: float) -> None:
        Console().print(f"{name}: epoch {epoch}, loss {loss:.3f}")

    def trained(name: str, without: Collection[str], rounds: int) -> keras.Model:
        return fit_gate(examples.without(without), rounds, partial(report_epoch, name))

    runs = {}
    for kind in np.unique(kinds):
        network = trained(f"without {kind}", [kind], left_out_epochs)
        left_out = [pictures[row] for row in np.flatnonzero(kinds == kind)]
        said = partial(signals_of, undecided_gate(network, mean))
        runs[str(kind)] = LeaveOneOut(
            said(pixels[rows.fitting]), said(pixels[rows.held_out]), said(left_out)
        )
    weights = fit_weights(runs.values())
    threshold = fit_threshold(weights, runs.values())
    for name, left in DATA_SETS.hospitals.items():
        away = np.isin(sources, left)
        if not away.any() or away.all():
            continue
        network = trained(f"without {name}", left, left_out_epochs)
        said = partial(signals_of, undecided_gate(network, mean))
        here = rows.fitting[~away[rows.fitting]]
        runs[name] = LeaveOneOut(said(pixels[here]), said(pixels[away]), said([]))
    return write_gate(
        trained("gate", [], epochs),
        reference / GATES,
        weights,
        threshold,
        runs,
        {
            "films": dict(Counter(sources[rows.train].tolist())),
            "films_for_threshold": dict(Counter(sources[rows.fitting].tolist())),
            "other_images": dict(Counter(kinds.tolist())),
            "epochs": epochs,
            "left_out_epochs": left_out_epochs,
        },
    )


def run_gate_evaluation(data: Path, others: Path, reference: Path, output: Path) -> None:
    """Measure the newest gate, and write page, figures, card and manifest.

    Parameters
    ----------
    data : Path
        The folder of radiographs that it was trained from.
    others : Path
        Folder with other_images.csv.
    reference : Path
        Folder of the mean radiograph, with the ``gate``.
    output : Path
        Folder for ``gate.md``; report and figure go into its ``evaluation``.
    """
    gate = Gate.load(reference, OnnxEngine)
    home = reference / GATES / gate.manifest.version
    report = evaluate_gate(
        gate,
        read_signals(home),
        read_dataset(data),
        read_other_images(others),
        read_other_images(others, "dicom"),
    )
    drawn = report.pop("scores")
    folder = output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    draw_gate(drawn, folder / "gate.png")
    (folder / "gate.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (output / "gate.md").write_text(gate_page(report), encoding="utf-8")
    write_text(home / CARD, gate_card(gate.manifest, report))
    measured = {name: report[name] for name in ("films", "tiers", "changes", "false_alarms")}
    write_json(home / EVIDENCE, measured)
    Console().print(report["films"], report["tiers"], report["changes"], report["made"])
