"""API keys: who may call the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from covidxray_api.cli.faults import told_plainly
from covidxray_api.settings import Scope

KeyFile = Annotated[
    Path,
    typer.Option(
        "--file", envvar="COVIDXRAY_KEYS", help="File of the keys; the service re-reads it."
    ),
]
Name = Annotated[
    str, typer.Argument(help="Whose key it is: up to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.")
]


def create(
    name: Name,
    file: KeyFile,
    scope: Annotated[
        list[str],
        typer.Option(help=f"What it allows: {', '.join(get_args(Scope))}; may be repeated."),
    ],
) -> None:
    """Make a key and show it, once."""
    from pydantic import ValidationError

    from covidxray_api.access.keys import Keys

    try:
        with told_plainly():
            key = Keys(file).create(name, dict.fromkeys(scope))
    except ValidationError as error:
        wrong = "; ".join(f"{fault['input']!r}: {fault['msg']}" for fault in error.errors())
        raise typer.BadParameter(wrong) from error
    typer.echo(key)
    typer.echo(f"Keep it now: {file} has its hash alone.", err=True)


def list_keys(file: KeyFile) -> None:
    """List the keys by name, with what each allows."""
    from covidxray_api.access.keys import Keys

    with told_plainly():
        stored = Keys(file).stored()
    for key in stored:
        typer.echo(f"{key.name}\t{' '.join(key.scopes)}\t{key.created.isoformat()}")


def revoke(name: Name, file: KeyFile) -> None:
    """Let a key open nothing any more, from the next request on."""
    from covidxray_api.access.keys import Keys

    with told_plainly():
        Keys(file).revoke(name)
    typer.echo(f"Revoked {name}.")
