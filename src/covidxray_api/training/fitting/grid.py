"""Runs that differ from one configuration in some of its values, as a TOML file lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from covidxray_api.errors import DatasetError
from covidxray_api.models.artefacts import Declaration, fault_of
from covidxray_api.training.fitting.config import TrainingConfig


class Grid(Declaration):
    """What is in the file of a sweep."""

    base: Path
    """The configuration, relative to the folder of the file."""

    values: Mapping[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(min_length=1)
    """Keys of the configuration, and the values that each is given."""


class Trial(NamedTuple):
    """A run of a sweep."""

    values: dict[str, Any]
    """What it has in place of the values of the configuration."""

    config: TrainingConfig


def trials(path: Path) -> list[Trial]:
    """Return every combination of the values in the file of a sweep, the last key changing first.

    Raises
    ------
    DatasetError
        If the file is no sweep, or one of its runs no valid configuration.
    """
    try:
        grid = Grid.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        base = TrainingConfig.read(path.parent / grid.base).model_dump(mode="json")
        chosen = [
            dict(zip(grid.values, each, strict=True)) for each in product(*grid.values.values())
        ]
        return [Trial(values, TrainingConfig.model_validate(base | values)) for values in chosen]
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise DatasetError("configuration", path=path, fault=fault_of(error)) from error
