"""Commands that make models and measure them; they need the extra ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from covidxray_api.cli.faults import told_plainly
from covidxray_api.model_store import ModelStore
from covidxray_api.settings import shipped

Data = Annotated[Path, typer.Option(help="Folder of films, in a layout of docs/training.md.")]
Store = Annotated[Path, typer.Option(help="Folder of the stored models.")]

H5 = Annotated[Path | None, typer.Option(help="Also save the network in Keras's legacy format.")]


def train(
    data: Data,
    config: Annotated[Path, typer.Option(help="TOML file that describes the run.")],
    store: Store = shipped("model_store"),
    h5: H5 = None,
) -> None:
    """Train a network and publish it into the model store."""
    from covidxray_api.training.commands import run_training
    from covidxray_api.training.config import TrainingConfig

    with told_plainly():
        stored = run_training(data, TrainingConfig.read(config), ModelStore(store), h5)
    typer.echo(f"Published {stored.manifest.name} {stored.manifest.version} in {stored.folder}.")


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
    from covidxray_api.training.commands import run_reproduction
    from covidxray_api.training.config import TrainingConfig

    with told_plainly():
        run_reproduction(data, TrainingConfig.read(config), ModelStore(store), h5, output)


def protocol(
    name: Annotated[str, typer.Argument(help="paper, folds, sources, or shortcuts.")],
    data: Data,
    config: Annotated[Path, typer.Option(help="Recipe to judge.")] = Path(
        "configs/multi-source.toml"
    ),
    masks: Annotated[
        Path | None, typer.Option(help="Films with drawn lungs, for shortcuts.")
    ] = None,
    shorten: Annotated[float, typer.Option(help="Share of its epochs that are trained.")] = 1.0,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("docs/evaluation"),
) -> None:
    """Judge a recipe by networks trained anew without what they are measured on."""
    from covidxray_api.training.commands import run_protocol
    from covidxray_api.training.config import TrainingConfig

    with told_plainly():
        run_protocol(name, data, TrainingConfig.read(config), shorten, masks, output)


def evaluate(
    data: Data,
    model: Annotated[list[str] | None, typer.Option(help="Model; all if none is named.")] = None,
    store: Store = shipped("model_store"),
    reference: Annotated[Path, typer.Option(help="Folder of the reference.")] = shipped(
        "reference"
    ),
    output: Annotated[Path, typer.Option(help="Folder for page and figures.")] = Path("docs"),
) -> None:
    """Measure stored models on films that their training has not seen."""
    from covidxray_api.training.commands import run_evaluation

    with told_plainly():
        models = ModelStore(store)
        run_evaluation(data, models, model or models.names(), reference, output)


def calibrate(
    data: Data,
    model: Annotated[list[str] | None, typer.Option(help="Model; all if none is named.")] = None,
    store: Store = shipped("model_store"),
) -> None:
    """Fit temperature, prediction sets and operating points of stored models again."""
    from covidxray_api.training.commands import run_calibration

    with told_plainly():
        models = ModelStore(store)
        run_calibration(data, models, model or models.names())


def import_model(
    file: Annotated[Path, typer.Argument(help="Keras network, .h5 or .keras.")],
    name: Annotated[str, typer.Option(help="Name in the store.")] = "imported",
    store: Store = shipped("model_store"),
) -> None:
    """Bring a legacy Keras network with the paper's three classes into the store."""
    from covidxray_api.training.legacy import import_network

    with told_plainly():
        stored = import_network(file, ModelStore(store), name)
    typer.echo(f"Imported as {stored.manifest.name} {stored.manifest.version}.")


def build_reference(
    data: Data,
    others: Annotated[Path, typer.Option(help="Folder with other_images.csv.")],
    keep: Annotated[float, typer.Option(help="Share of held-out films that are kept.")] = 0.95,
    output: Annotated[Path, typer.Option(help="Folder to write.")] = shipped("reference"),
) -> None:
    """Average films into the reference, choose its threshold and measure it."""
    from covidxray_api.training.commands import run_reference

    with told_plainly():
        run_reference(data, others, keep, output)
