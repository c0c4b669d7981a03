"""Settings from the environment reach every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.settings import shipped

VARIABLES = {
    shipped("model_store"): "COVIDXRAY_MODEL_STORE",
    shipped("reference"): "COVIDXRAY_REFERENCE",
}


def options() -> Iterator[tuple[str, object, object]]:
    """Yield each command, and the default and environment variable of each of its options."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    for group in (root, *root.commands.values()):
        for command in group.commands.values() if isinstance(group, TyperGroup) else ():
            for option in command.params:
                yield str(command.name), option.default, option.envvar


def test_every_folder_that_is_shipped_can_be_set_for_every_command() -> None:
    found = [
        (command, VARIABLES[default], variable)
        for command, default, variable in options()
        if isinstance(default, Path) and default in VARIABLES
    ]

    assert {command for command, _, _ in found} >= {"train", "calibrate", "evaluate", "import"}
    for command, expected, variable in found:
        assert variable == expected, command


def test_a_store_that_is_set_is_the_one_that_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, examples: Path
) -> None:
    monkeypatch.setenv("COVIDXRAY_MODEL_STORE", str(tmp_path))

    listed = CliRunner().invoke(app, ["models", "list"])
    screened = CliRunner().invoke(app, ["screen", str(examples / "normal.png")])

    assert listed.exit_code == 0
    assert "seed-cnn" not in listed.output
    assert screened.exit_code == 1
    assert "Unknown model" in screened.output
