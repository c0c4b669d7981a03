"""The command line, by its own help: the block of docs/command-line.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from covidxray_api.cli import app
from covidxray_api.settings import shipped

if TYPE_CHECKING:
    from typer._click.core import Command


def commands() -> str:
    """Return a section for each command: what it does, and its arguments and options."""
    text = "\n".join(_sections(typer.main.get_command(app), "covidxray"))
    for folder in ("model_store", "reference"):
        text = text.replace(str(shipped(folder)), "shipped")
    return text


def _sections(command: Command, name: str) -> Iterator[str]:
    if isinstance(command, TyperGroup) and not command.invoke_without_command:
        for inner, member in command.commands.items():
            yield from _sections(member, f"{name} {inner}")
        return
    context = typer.Context(command)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## `{name}`\n\n{command.help}\n\n```text\n{name} {usage}\n```\n"
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    rows = [f"| `{_cell(term)}` | {_cell(said)} |" for term, said in filter(None, records)]
    own = [row for row in rows if not row.startswith("| `--help`")]
    if own:
        yield "\n".join(["| | |", "|---|---|", *own]) + "\n"
    if isinstance(command, TyperGroup):
        for inner, member in command.commands.items():
            yield from _sections(member, f"{name} {inner}")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
