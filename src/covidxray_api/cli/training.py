"""Commands that make models and measure them; they need the extra ``train``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from covidxray_api.cli.faults import told_plainly
from covidxray_api.settings import Settings, shipped

Data = Annotated[Path, typer.Option(help="Folder of radiographs, in a layout of docs/training.md.")]
Store = Annotated[
    Path, typer.Option(envvar="COVIDXRAY_MODEL_STORE", help="Folder of the stored models.")
]

Others = Annotated[Path, typer.Option(help="Folder with other_images.csv.")]
ReferenceFolder = Annotated[
    Path, typer.Option(envvar="COVIDXRAY_REFERENCE", help="Folder of the reference.")
]

ModelNames = Annotated[list[str] | None, typer.Option(help="Model; all if none is named.")]

H5 = Annotated[Path | None, typer.Option(help="Also save the network in Keras's legacy format.")]


def train(
    data: Data,
    config: Annotated[Path, typer.Option(help="TOML file that describes the run.")],
    store: Store = shipped("model_store"),
    h5: H5 = None,
    checkpoints: Annotated[
        Path, typer.Option(help="Folder from which a run that was interrupted goes on.")
    ] = Path("runs"),
) -> None:
    """Train a network and publish it into the model store; go on where it was interrupted."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.fitting.config import TrainingConfig
    from covidxray_api.training.workflows.classifier import run_training

    with told_plainly():
        stored = run_training(data, TrainingConfig.read(config), ModelStore(store), h5, checkpoints)
    typer.echo(f"Published {stored.manifest.name} {stored.manifest.version} in {stored.folder}.")


def sweep(
    data: Data,
    config: Annotated[
        Path, typer.Option(help="TOML file with a configuration and values for its keys.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for state, models and results.")],
    ray: Annotated[
        str, typer.Option(help="Address of a Ray cluster, or `local` for one on this machine.")
    ] = "local",
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores of a trial; if none, all of this machine's.")
    ] = None,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs of a trial.")] = 0,
) -> None:
    """Train and measure a network for each combination of values; go on where it was interrupted.

    Every trial is the run of `covidxray train` with the same configuration.
    """
    from covidxray_api.bulk.ray_cluster import connected
    from covidxray_api.bulk.table import require
    from covidxray_api.training.fitting.devices import gpus_here
    from covidxray_api.training.fitting.grid import trials
    from covidxray_api.training.workflows.sweep import run_sweep

    with told_plainly():
        require("ray", "ray")
        chosen = trials(config)
        here = os.cpu_count() or 1
        with connected(ray, here, gpus_here()):
            failed = run_sweep(data, chosen, output, cores or here, gpus)
    for each in failed:
        typer.echo(each, err=True)
    typer.echo(f"{len(chosen) - len(failed)} of {len(chosen)} trials are in {output}/results.csv.")
    if failed:
        raise typer.Exit(1)


def reproduce(
    data: Data,
    config: Annotated[Path, typer.Option(help="The paper's network.")] = Path(
        "configs/seed-cnn.toml"
    ),
    store: Store = shipped("model_store"),
    h5: H5 = None,
    output: Annotated[Path, typer.Option(help="Markdown file to write.")] = Path(
        "docs/paper-reproduction.md"
    ),
) -> None:
    """Train the paper's network at 60/40 and 80/20, publish the first and write the table."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.fitting.config import TrainingConfig
    from covidxray_api.training.workflows.classifier import run_reproduction

    with told_plainly():
        run_reproduction(data, TrainingConfig.read(config), ModelStore(store), h5, output)


def protocol(
    name: Annotated[str, typer.Argument(help="paper, folds, sources, or shortcuts.")],
    data: Data,
    config: Annotated[Path, typer.Option(help="Recipe to judge.")] = Path(
        "configs/multi-source.toml"
    ),
    reference: ReferenceFolder = shipped("reference"),
    shorten: Annotated[float, typer.Option(help="Share of its epochs that are trained.")] = 1.0,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("docs/evaluation"),
) -> None:
    """Judge a recipe by networks trained anew without what they are measured on."""
    from covidxray_api.training.fitting.config import TrainingConfig
    from covidxray_api.training.workflows.classifier import run_protocol

    with told_plainly():
        run_protocol(name, data, TrainingConfig.read(config), shorten, reference, output)


def evaluate(
    data: Data,
    what: Annotated[
        Literal["models", "gate", "explanation", "site"],
        typer.Argument(
            help="The stored models, the gate, or the maps or site calibration of the first model"
            " named."
        ),
    ] = "models",
    model: ModelNames = None,
    store: Store = shipped("model_store"),
    reference: ReferenceFolder = shipped("reference"),
    others: Annotated[
        Path | None, typer.Option(help="Folder with other_images.csv, for the gate.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Radiographs with drawn lungs, for explanations.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for page and figures.")] = Path("docs"),
) -> None:
    """Measure what is stored on radiographs that its training has not seen."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.workflows.classifier import run_evaluation
    from covidxray_api.training.workflows.gate import run_gate_evaluation
    from covidxray_api.training.workflows.saliency import run_explanation_evaluation
    from covidxray_api.training.workflows.site import run_site_evaluation

    if what == "site":
        with told_plainly():
            (name, *_) = model or [Settings().default_model]
            settings = Settings(
                model_store=store, reference=reference, default_model=name, site=None
            )
            run_site_evaluation(data, settings, output)
        return

    if what == "explanation":
        if masks is None:
            raise typer.BadParameter("Explanations need --masks.")
        with told_plainly():
            (name, *_) = model or [Settings().default_model]
            run_explanation_evaluation(data, masks, ModelStore(store), name, output)
        return

    if what == "gate":
        if others is None:
            raise typer.BadParameter("The gate needs --others.")
        with told_plainly():
            run_gate_evaluation(data, others, reference, output)
        return
    with told_plainly():
        models = ModelStore(store)
        run_evaluation(data, models, model or models.names(), reference, output)


def calibrate(
    data: Data,
    model: ModelNames = None,
    store: Store = shipped("model_store"),
) -> None:
    """Fit temperature, prediction sets and operating points of stored models again."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.workflows.classifier import run_calibration

    with told_plainly():
        models = ModelStore(store)
        run_calibration(data, models, model or models.names())


def compile_models(
    data: Data,
    model: ModelNames = None,
    store: Store = shipped("model_store"),
) -> None:
    """Compile stored models into the form that serves, and compare it with Keras on radiographs."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.workflows.classifier import run_compilation

    with told_plainly():
        models = ModelStore(store)
        run_compilation(data, models, model or models.names())


def build_reference(
    data: Data,
    others: Others,
    keep: Annotated[
        float, typer.Option(help="Share of held-out radiographs that are kept.")
    ] = 0.95,
    output: Annotated[
        Path, typer.Option(envvar="COVIDXRAY_REFERENCE", help="Folder to write.")
    ] = shipped("reference"),
) -> None:
    """Average radiographs into the reference, choose its threshold and measure it."""
    from covidxray_api.training.workflows.classifier import run_reference

    with told_plainly():
        run_reference(data, others, keep, output)


def train_gate(
    data: Data,
    others: Others,
    reference: ReferenceFolder = shipped("reference"),
    epochs: Annotated[int, typer.Option(min=1, help="Rounds of 6,400 images.")] = 48,
    left_out_epochs: Annotated[
        int, typer.Option(min=1, help="Rounds of each gate that lacks a kind or a hospital.")
    ] = 8,
) -> None:
    """Train the gate, and one without each kind of image and each hospital, and store it."""
    from covidxray_api.training.workflows.gate import run_gate_training

    with told_plainly():
        manifest = run_gate_training(data, others, reference, epochs, left_out_epochs)
    typer.echo(f"Stored gate {manifest.version}, threshold {manifest.threshold:.4f}.")


def train_lungs(
    data: Data,
    masks: Annotated[Path, typer.Option(help="Radiographs with drawn lungs.")],
    model: Annotated[
        str | None, typer.Option(help="Model whose maps it is judged by; the default one if none.")
    ] = None,
    store: Store = shipped("model_store"),
    reference: ReferenceFolder = shipped("reference"),
    epochs: Annotated[int, typer.Option(min=1, help="Rounds of 960 radiographs.")] = 10,
    output: Annotated[Path, typer.Option(help="Folder for page and figures.")] = Path("docs"),
) -> None:
    """Train the lung finder, and one without each hospital to judge it by, and store it."""
    from covidxray_api.models.store import ModelStore
    from covidxray_api.training.workflows.lungs import run_lung_training

    with told_plainly():
        name = model or Settings().default_model
        manifest = run_lung_training(
            data, masks, ModelStore(store), name, reference, epochs, output
        )
    typer.echo(f"Stored lung finder {manifest.version}.")
