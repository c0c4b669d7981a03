"""How commands fail: in a sentence on standard error, not in a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import typer

from covidxray_api.errors import CovidXrayError, InvalidConfiguration
from covidxray_api.settings import Settings
from covidxray_api.texts.language import Language
from covidxray_api.texts.problems import advice, detail, summary, title


def sentences(error: CovidXrayError, language: Language = "en") -> tuple[str, str, str]:
    """Return title, detail and advice of an error, for a reader at a shell."""
    return (
        f"{title(error.code, language)}:",
        detail(error, language),
        advice(error.code, language, "command_line"),
    )


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn an error of ours into a line on standard error and exit code 1."""
    try:
        yield
    except CovidXrayError as error:
        typer.echo(summary(error, "en"), err=True)
        raise typer.Exit(1) from error


def read_settings(**options: Any) -> Settings:
    """Read the settings from the environment, overridden by the options that are not None."""
    try:
        return Settings.read(**options)
    except InvalidConfiguration as error:
        typer.echo(summary(error, "en"), err=True)
        raise typer.Exit(2) from error


def check_hospital_extra() -> None:
    """Say in a sentence what is missing, if anything is.

    Raises
    ------
    InvalidConfiguration
        If a package of the extra `hospital` is not installed.
    """
    for name in ("highdicom", "pynetdicom"):
        if find_spec(name) is None:
            raise InvalidConfiguration("extra", package=name, extra="hospital")
