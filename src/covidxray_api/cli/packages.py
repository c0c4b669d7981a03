"""Models from one store to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.settings import shipped

KERAS = frozenset({".h5", ".keras"})
"""How the names of files end that are networks of Keras."""


def publish(
    model: Annotated[
        str, typer.Argument(metavar="NAME[/VERSION]", help="The version that answers if none.")
    ],
    target: Annotated[str, typer.Argument(help="File to write (tar), or an address for fsspec.")],
) -> None:
    """Write a version of a model as one file, for other stores, and print its SHA-256."""
    from covidxray_api.models.packages import publish as write
    from covidxray_api.models.store import ModelStore

    name, _, version = model.partition("/")
    with told_plainly():
        stored = ModelStore(read_settings().model_store).get(name, version or None)
        sha256 = write(stored, target)
    typer.echo(f"{sha256}  {target}")


def import_model(
    source: Annotated[
        str,
        typer.Argument(
            help="A version's folder, a file of `publish` or its address for fsspec, or a network"
            " of Keras (.h5, .keras)."
        ),
    ],
    sha256: Annotated[
        str | None,
        typer.Option(help="Of the file, or of the manifest in a folder; needed for an address."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name in the store, for a network.")] = "imported",
    store: Annotated[
        Path, typer.Option(envvar="COVIDXRAY_MODEL_STORE", help="Folder of the stored models.")
    ] = shipped("model_store"),
) -> None:
    """Bring a version of a model into the store, once it is loaded and verified.

    It keeps its name and number. A network of Keras with the paper's three classes becomes the next
    version of a name; that needs the extra `train`.
    """
    from covidxray_api.models.store import ModelStore

    models = ModelStore(store)
    with told_plainly():
        if Path(source).suffix in KERAS:
            from covidxray_api.training.publishing.legacy import import_network

            stored = import_network(Path(source), models, name)
        else:
            from covidxray_api.inference.loading import load_model
            from covidxray_api.models.packages import keep, staged
            from covidxray_api.models.signatures import TrustedKeys

            settings = read_settings()
            with staged(source, models, sha256) as found:
                if settings.model_keys:
                    TrustedKeys.read(settings.model_keys).check(found.folder, found.sha256)
                load_model(found, settings.engine)
                stored = keep(found, models)
    typer.echo(f"Imported as {stored.manifest.name} {stored.manifest.version}.")
