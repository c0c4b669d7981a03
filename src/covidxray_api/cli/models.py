"""The stored models: what they say of themselves, and whether they are what was published."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.errors import CorruptArtefact, CovidXrayError
from covidxray_api.texts.problems import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covidxray_api.models.signatures import TrustedKeys
    from covidxray_api.models.store import ModelStore, StoredModel

Named = Annotated[
    str, typer.Argument(metavar="NAME[/VERSION]", help="The version that answers if none is named.")
]


def list_models() -> None:
    """List the stored models."""
    from covidxray_api.inference.registry import ModelRegistry
    from covidxray_api.models.store import ModelStore

    settings = read_settings()
    rows = Table("name", "version", "labels", "input", "description")
    registry = ModelRegistry(ModelStore(settings.model_store), settings.default_model)
    for manifest in (stored.manifest for stored in registry.stored()):
        default = " (default)" if manifest.name == settings.default_model else ""
        rows.add_row(
            manifest.name + default + (" (not for patients)" if manifest.not_for_patients else ""),
            manifest.version,
            ", ".join(label.code for label in manifest.labels),
            "×".join(map(str, manifest.input_size)),
            Text(manifest.description),
        )
    Console().print(rows)


def show(
    model: Named,
    as_json: Annotated[
        bool, typer.Option("--json", help="Manifest, evidence and card as JSON.")
    ] = False,
) -> None:
    """Show the manifest and the card of a stored model."""
    with told_plainly():
        stored = _find(_store(), model)
    if as_json:
        whole = {
            "sha256": stored.sha256,
            "manifest": stored.manifest.model_dump(mode="json"),
            "evidence": stored.evidence,
            "card": stored.card,
        }
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    console = Console()
    console.print(_manifest(stored))
    if stored.card is not None:
        from rich.markdown import Markdown

        console.print(Markdown(stored.card))


def _manifest(stored: StoredModel) -> Table:
    manifest = stored.manifest
    value_column = Column("", overflow="fold")
    rows = Table(f"{manifest.name} {manifest.version}", value_column, show_lines=True)
    facts = {
        "description": manifest.description,
        "for patients": "no" if manifest.not_for_patients else "yes",
        "labels": "\n".join(f"{label.code}: {label.display['en']}" for label in manifest.labels),
        "preprocessing": "\n".join(
            f"{step}: {value}" for step, value in manifest.preprocessing.model_dump().items()
        ),
        "operating points": "\n".join(
            f"{name}: sensitivity {point.sensitivity:.3f} (n = {point.cases}),"
            f" specificity {point.specificity:.3f} (n = {point.controls}), for {point.target}"
            for name, point in manifest.operating_points.items()
        ),
        "parity": "\n".join(
            f"{fact}: {value}"
            for fact, value in (manifest.parity.model_dump() if manifest.parity else {}).items()
        ),
        "sha256": "\n".join(
            f"{name}: {sha256}"
            for name, sha256 in {"manifest.json": stored.sha256, **manifest.files}.items()
        ),
    }
    for fact, value in facts.items():
        rows.add_row(fact, Text(value or "none"))
    return rows


def verify(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[/VERSION]]", help="All versions of all, and the reference, if none."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Public keys (PEM), one of which has to have signed; else those set."),
    ] = None,
) -> None:
    """Verify stored models as loading does; exit code 1 if one is not what was published.

    Files are compared with the hashes of the manifest, and each network is asked for the answer
    that it gave when it was published: the compiled one, and Keras. With keys, evidence and model
    card are compared with what was signed; what a signature does not stand for is named.
    """
    from covidxray_api.models.signatures import TrustedKeys

    settings = read_settings()
    with told_plainly():
        chosen = key or settings.model_keys
        keys = TrustedKeys.read(chosen) if chosen else None
        folders = list(_folders(_store(), model))
    checks = {f"{it.parent.name} {it.name}": partial(_verify, it, keys) for it in folders}
    if model is None:
        checks["gate"] = partial(_verify_gate, settings.reference, keys)
        checks["lung finder"] = partial(_verify_lungs, settings.reference, keys)
    failed = 0
    for name, check in checks.items():
        try:
            found = check()
        except CovidXrayError as error:
            failed = 1
            typer.echo(f"{'FAILED':8} {name}: {summary(error, 'en')}")
        else:
            typer.echo(f"{'OK':8} {name}: {found}")
    raise typer.Exit(failed)


def _verify(folder: Path, keys: TrustedKeys | None) -> str:
    from covidxray_api.inference.loading import verify_model
    from covidxray_api.models.store import StoredModel

    stored = StoredModel.read(folder)
    if keys:
        keys.check(folder, stored.sha256)
    engines = ", ".join(verify_model(stored))
    said = f"its files and answers are the published ones ({engines})"
    return said + (_signed(folder) if keys else "")


def _verify_gate(reference: Path, keys: TrustedKeys | None) -> str:
    from covidxray_api.consistency.gate import GATES, Gate
    from covidxray_api.inference.onnx import OnnxEngine

    gate = Gate.load(reference, OnnxEngine, keys)
    said = f"the files of version {gate.version} and of the mean radiograph are the published ones"
    return said + (_signed(reference / GATES / gate.version) if keys else "")


def _signed(folder: Path) -> str:
    """Say for what the signature of a folder, which has one, does not stand."""
    from covidxray_api.models.signatures import unsigned

    names = ", ".join(unsigned(folder))
    return f", signed, but not {names}: sign again" if names else ", signed"


def _verify_lungs(reference: Path, keys: TrustedKeys | None) -> str:
    from covidxray_api.inference.onnx import OnnxEngine
    from covidxray_api.lungs import LungFinder

    finder = LungFinder.load(reference, OnnxEngine, keys)
    if finder is None:
        return "there is none"
    said = f"the files of version {finder.manifest.version} are the published ones"
    return said + (_signed(finder.network.parent) if keys else "")


def promote(
    model: Annotated[
        str, typer.Argument(metavar="NAME[/VERSION]", help="The newest version if none is named.")
    ],
) -> None:
    """Let a version of a model answer where requests name none, once it is loaded and verified.

    A service that runs answers with what it has loaded until it is told so (SIGHUP) or started
    again.
    """
    from covidxray_api.inference.loading import load_model
    from covidxray_api.models.artefacts import versions
    from covidxray_api.models.signatures import TrustedKeys
    from covidxray_api.models.site import Site
    from covidxray_api.models.store import StoredModel

    settings, store = read_settings(), _store()
    name, _, version = model.partition("/")
    with told_plainly():
        folder = store.folder(name, version or None)
        stored = StoredModel.read(folder if version else versions(folder.parent)[-1])
        if settings.model_keys:
            TrustedKeys.read(settings.model_keys).check(stored.folder, stored.sha256)
        if settings.site and name == settings.default_model:
            stored = stored.at(Site.read(settings.site))
        load_model(stored, settings.engine)
        store.promote(name, stored.manifest.version)
    typer.echo(f"{name} answers with version {stored.manifest.version}.")


def rollback(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Let the version of a model answer again that answered before the latest promotion."""
    with told_plainly():
        version = _store().roll_back(name)
    typer.echo(f"{name} answers with version {version} again.")


def sign(
    key: Annotated[Path, typer.Option(help="Private key: Ed25519, PEM, without a password.")],
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[/VERSION]]", help="All versions of all, and the reference, if none."
        ),
    ] = None,
) -> None:
    """Sign stored models, for installations that trust the key (COVIDXRAY_MODEL_KEYS).

    The signature, beside the manifest, stands for all files of a version, with its evidence and
    model card: sign again where those have changed. What is not what was published is not signed.
    """
    from covidxray_api.models.signatures import read_signing_key
    from covidxray_api.models.signatures import sign as sign_folder
    from covidxray_api.models.store import StoredModel

    with told_plainly():
        signer = read_signing_key(key)
        folders = list(_folders(_store(), model))
        for folder in folders:
            StoredModel.read(folder).verify()
        if model is None:
            folders += _reference_folders(read_settings().reference)
        for folder in folders:
            sign_folder(folder, signer)
            typer.echo(f"Signed {folder}.")


def _reference_folders(reference: Path) -> list[Path]:
    """Return the folders of mean radiograph, newest gate and newest lung finder, once verified."""
    from covidxray_api.consistency.gate import GATES
    from covidxray_api.lungs import FINDERS
    from covidxray_api.models.artefacts import versions

    _verify_gate(reference, None)
    _verify_lungs(reference, None)
    newest = (versions(reference / kind)[-1:] for kind in (GATES, FINDERS))
    return [reference, *(folder for folders in newest for folder in folders)]


def _store() -> ModelStore:
    from covidxray_api.models.store import ModelStore

    return ModelStore(read_settings().model_store)


def _find(store: ModelStore, model: str) -> StoredModel:
    name, _, version = model.partition("/")
    return store.get(name, version or None)


def _folders(store: ModelStore, model: str | None) -> Iterator[Path]:
    """Yield the folders that are meant, readable or not.

    Raises
    ------
    CorruptArtefact
        If there is none at all.
    UnknownModel
        If there is none of that name or version.
    """
    if model is not None:
        name, _, version = model.partition("/")
        yield store.folder(name, version or None)
        return
    folders = list(store.folders())
    if not folders:
        raise CorruptArtefact("missing", path=store.root)
    yield from folders
