"""What `covidxray train`, `evaluate` and `reference` do, once their options are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from covidxray_api.consistency import Gate
from covidxray_api.consistency.ssim import ReferenceManifest
from covidxray_api.errors import DatasetError
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.lungs import LungFinder
from covidxray_api.models.artefacts import CARD, EVIDENCE, MANIFEST, write_json
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.training.data.dataset import DETAIL, load_pixels, read_dataset
from covidxray_api.training.data.other_images import read_other_images
from covidxray_api.training.data.split import added
from covidxray_api.training.evaluation.classifier import evaluate, predict_unseen
from covidxray_api.training.evaluation.figures import draw
from covidxray_api.training.evaluation.protocols import (
    PROTOCOLS,
    Collection,
    shortcut_audit,
    shortened,
)
from covidxray_api.training.evaluation.robustness import accepted, robustness
from covidxray_api.training.evaluation.shortcuts import arms
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.run import train
from covidxray_api.training.gate.reference import build_reference
from covidxray_api.training.pages.card import model_card
from covidxray_api.training.pages.classifier import evaluation_page
from covidxray_api.training.pages.paper import reproduction
from covidxray_api.training.publishing.publication import compile_again, publish, recalibrate

PROTOCOL = (
    "radiographs of patients that training has not seen, by the split of the configuration and of"
    " sources that it left out; 95 % bootstrap intervals by patient"
)
"""How the figures in a manifest were measured."""

MEASURED = (
    "held_out",
    "risk_at_coverage",
    "operating_points",
    "called_covid_19",
    "uncertain",
    "auroc_covid_19",
    "robustness",
)
"""Figures of an evaluation that go into the manifest."""

SHORTCUTS = "shortcuts"
"""Name of the audit, a protocol that needs a lung finder."""

ROBUSTNESS_IMAGES = 500
"""Held-out radiographs on which robustness is measured."""

MEAN_SIZE = (64, 64)
"""Height and width of the mean radiograph (Alvaro-Torres et al. 2021)."""


def run_training(
    data: Path,
    config: TrainingConfig,
    store: ModelStore,
    h5: Path | None,
    checkpoints: Path | None = None,
) -> StoredModel:
    """Train the network of a configuration and publish it; go on where it was interrupted.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    config : TrainingConfig
        The run.
    store : ModelStore
        Where the model is published.
    h5 : Path, optional
        Also save the network in Keras's legacy format, as the paper did.
    checkpoints : Path, optional
        Folder where the state of the run is kept after each epoch.
    """
    images = read_dataset(data)
    chosen = [*config.suitable(images), *added(images, config)]
    trained = train(chosen, load_pixels(chosen, config.input_size), config, checkpoints)
    if h5 is not None:
        trained.network.save(h5)
    return publish(trained, store, images)


def run_calibration(data: Path, store: ModelStore, names: Iterable[str]) -> None:
    """Fit the calibration of stored models again, on the held-out radiographs of their own split.

    Parameters
    ----------
    data : Path
        The folder that they were trained from.
    store : ModelStore
        Where the models are.
    names : iterable of str
        Which of them.
    """
    images = read_dataset(data)
    for name in names:
        manifest = recalibrate(ModelRegistry(store, name).get(), images, store).manifest
        Console().print(name, f"temperature {manifest.temperature:.3f}", manifest.prediction_set)
        for point, thresholds in manifest.operating_points.items():
            Console().print(point, thresholds)


def run_compilation(data: Path, store: ModelStore, names: Iterable[str]) -> None:
    """Compile stored models, and compare what was compiled with Keras on real radiographs.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    store : ModelStore
        Where the models are.
    names : iterable of str
        Which of them.
    """
    images = read_dataset(data)
    for name in names:
        Console().print(name, compile_again(store.get(name), store, images).manifest.parity)


def run_reproduction(
    data: Path, config: TrainingConfig, store: ModelStore, h5: Path | None, output: Path
) -> None:
    """Train the paper's network at its two splits, publish the first and write the table.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    config : TrainingConfig
        The paper's network.
    store : ModelStore
        Where the network trained on 60 % of the radiographs is published.
    h5 : Path, optional
        Also save that network in Keras's legacy format, as the paper did.
    output : Path
        Markdown file to write.
    """
    images = read_dataset(data)
    suitable = config.suitable(images)
    pixels = load_pixels(suitable, config.input_size)
    runs = [
        train(suitable, pixels, config.model_copy(update={"validation_share": share}))
        for share in (0.4, 0.2)
    ]
    if h5 is not None:
        runs[0].network.save(h5)
    publish(runs[0], store, images)
    output.write_text(reproduction(runs), encoding="utf-8")


def run_evaluation(
    data: Path, store: ModelStore, names: Iterable[str], reference: Path, output: Path
) -> None:
    """Measure stored models on radiographs that their training has not seen.

    Writes ``evaluation.md`` and, for each, ``evaluation/NAME.json`` and ``.png``, its model card
    and the figures in its manifest; prints a table.

    Parameters
    ----------
    data : Path
        The folder that they were trained from.
    store : ModelStore
        Where the models are.
    names : iterable of str
        Which of them.
    reference : Path
        Folder of the mean radiograph and the gate.
    output : Path
        Folder for the page; reports and figures go into its ``evaluation``.
    """
    images = read_dataset(data)
    check = Gate.load(reference, OnnxEngine)
    folder = output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    reports = []
    protocols = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*-*.json"))
        if path.stem.rpartition("-")[2] in (*PROTOCOLS, SHORTCUTS)
    }
    saliency = folder / "explanation.json"
    explanation = json.loads(saliency.read_text(encoding="utf-8")) if saliency.is_file() else None
    for name in names:
        model = ModelRegistry(store, name).get()
        manifest = model.manifest
        pixels = load_pixels(images, manifest.input_size)
        unseen = predict_unseen(model, images, pixels)
        sample = load_pixels(unseen.sample(ROBUSTNESS_IMAGES), DETAIL)
        sample = sample[accepted(check, sample)]
        report = {
            "model": name,
            "version": manifest.version,
            "description": manifest.description,
            "trained_on": manifest.training["films"],
            "robustness_films": len(sample),
            "robustness": robustness(model, check, sample) if len(sample) else {},
        } | evaluate(unseen)
        (folder / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n")
        draw(unseen, report, f"{name} {manifest.version}", folder / f"{name}.png")
        measured = {"protocol": PROTOCOL} | {figure: report[figure] for figure in MEASURED}
        # What `covidxray evaluate site` has measured stays.
        write_json(model.stored.folder / EVIDENCE, model.stored.evidence | measured)
        (model.stored.folder / CARD).write_text(
            model_card(
                manifest,
                report,
                explains=isinstance(model.engine, OnnxEngine) and model.engine.explains,
                explanation=explanation,
                shortcuts=protocols.get(f"{name}-{SHORTCUTS}"),
            ),
            encoding="utf-8",
        )
        Console().print(table(report))
        reports.append(report)
    measured_before = (json.loads(path.read_text()) for path in sorted(folder.glob("*.json")))
    known = {report["model"] for report in reports}
    reports += [
        each for each in measured_before if "held_out" in each and each["model"] not in known
    ]
    reports.sort(key=lambda each: str(each["model"]))
    consistency = ReferenceManifest.model_validate_json((reference / MANIFEST).read_bytes())
    (output / "evaluation.md").write_text(
        evaluation_page(reports, protocols, consistency), encoding="utf-8"
    )


def run_protocol(
    name: str,
    data: Path,
    config: TrainingConfig,
    shorten: float,
    reference: Path,
    output: Path,
) -> None:
    """Follow a protocol and write what it found.

    Parameters
    ----------
    name : str
        Which, from `PROTOCOLS`.
    data : Path
        Folder of radiographs.
    config : TrainingConfig
        The recipe.
    shorten : float
        Share of its epochs that each network trains.
    reference : Path
        Folder of the mean radiograph, with the lung finder, which the shortcut audit needs.
    output : Path
        Folder; gets ``CONFIG-NAME.json``.

    Raises
    ------
    DatasetError
        If there is no such protocol; `shortcuts` exists only with a lung finder.
    CorruptArtefact
        If the lung finder's files are not what was written.
    """
    protocols = dict(PROTOCOLS)
    finder = LungFinder.load(reference, OnnxEngine)
    if finder is not None:
        protocols[SHORTCUTS] = partial(shortcut_audit, shown=arms(finder))
    if name not in protocols:
        raise DatasetError("protocol", name=name, known=tuple(protocols))
    images = read_dataset(data)
    collection = Collection(images, load_pixels(images, config.input_size))
    run = shortened(config, shorten)
    found = protocols[name](collection, run)
    report = {"recipe": config.name, "epochs": run.epochs, "of_epochs": config.epochs} | found
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{config.name}-{name}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    Console().print_json(json.dumps(report))


def table(report: dict[str, Any]) -> Table:
    """Return an evaluation as a table for people."""
    rows = Table(
        title=f"{report['model']} {report['version']}, radiographs its training has not seen"
    )
    for column in ("figure", "value", "95 % interval", "n"):
        rows.add_column(column)

    def add(name: str, figure: dict[str, Any]) -> None:
        interval = f"{figure['low']:.3f}–{figure['high']:.3f}"
        rows.add_row(name, f"{figure['value']:.3f}", interval, f"{figure['n']:,}")

    held_out = report["held_out"]
    add("held-out radiographs: accuracy", held_out["accuracy"])
    add("held-out radiographs: balanced accuracy", held_out["balanced_accuracy"])
    for source, labels in report["called_covid_19"].items():
        for label, figure in labels.items():
            add(f"called COVID-19: {source}, {label}", figure)
    for source, labels in report["auroc_covid_19"].items():
        for label, figure in labels.items():
            add(f"AUROC of COVID-19 against {source}, {label}", figure)
    return rows


def run_reference(data: Path, others: Path, keep: float, output: Path) -> None:
    """Write the mean radiograph, its threshold and what they are worth."""
    images = read_dataset(data)
    pixels = load_pixels(images, MEAN_SIZE)
    manifest = build_reference(images, pixels, read_other_images(others), keep, output)
    Console().print_json(json.dumps(manifest.model_dump(mode="json")))
