"""Commands that answer for files, without a service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from covidxray_api.errors import CovidXrayError
from covidxray_api.messages import message
from covidxray_api.model_store import ModelStore
from covidxray_api.settings import Settings


def screen(
    files: Annotated[list[Path], typer.Argument(help="Image files.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    model: Annotated[str | None, typer.Option(help="Stored model to ask.")] = None,
    lang: Annotated[Literal["en", "es"], typer.Option(help="Language of the answer.")] = "en",
) -> None:
    """Screen files; exit code 1 if any of them could not be."""
    from covidxray_api.api.rendering import screening_answer
    from covidxray_api.screening import Screener

    rows = Table("file", "answer", "probabilities", "SSIM", "model")
    failed = False
    try:
        screener = Screener.from_settings(Settings())
        screener.models.get(model)
    except CovidXrayError as error:
        typer.echo(f"{error.title}: {error} {error.advice}", err=True)
        raise typer.Exit(1) from error
    for file in files:
        try:
            screening = screener.screen(file.read_bytes(), model)
        except (CovidXrayError, OSError) as error:
            failed = True
            title = error.title if isinstance(error, CovidXrayError) else "Unreadable file"
            if as_json:
                typer.echo(json.dumps({"file": str(file), "error": title, "detail": str(error)}))
            else:
                rows.add_row(str(file), f"[red]{title}[/red]: {error}", "", "", "")
            continue
        answer = screening_answer(screening, lang).model_dump()
        if as_json:
            typer.echo(json.dumps({"file": str(file)} | answer, ensure_ascii=False))
            continue
        rejection, probabilities = answer["rejection"], answer["probabilities"] or {}
        label = rejection["message"] if rejection else answer["display_label"]
        rows.add_row(
            str(file),
            label + (" (?)" if answer["uncertain"] else ""),
            "\n".join(f"{code} {share:.3f}" for code, share in probabilities.items()),
            f"{answer['consistency']['ssim']:.2f} ({answer['consistency']['threshold']:.2f})",
            f"{answer['model']['name']} {answer['model']['version']}",
        )
    if not as_json:
        Console().print(rows, message("notice", lang), sep="\n")
    if failed:
        raise typer.Exit(1)


def list_models() -> None:
    """List the stored models."""
    settings = Settings()
    rows = Table("name", "version", "labels", "input", "description")
    for stored in ModelStore(settings.model_store).all():
        manifest = stored.manifest
        default = " (default)" if manifest.name == settings.default_model else ""
        rows.add_row(
            manifest.name + default,
            manifest.version,
            ", ".join(label.code for label in manifest.labels),
            "×".join(map(str, manifest.input_size)),
            manifest.description,
        )
    Console().print(rows)
