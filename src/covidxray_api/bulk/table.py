"""Tables of rows: Parquet, CSV and JSON Lines, each written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covidxray_api.bulk.row import PROBABILITY, Row, flat
from covidxray_api.errors import InvalidJob
from covidxray_api.texts.cells import cell

if TYPE_CHECKING:
    import pyarrow

ROW_GROUP = 10_000
"""Rows of a group of a Parquet file: what is held in memory."""

LISTS = frozenset({"prediction_set", "findings", "warnings"})
NUMBERS = frozenset({"p_value", "ssim", "gate_score"})
TRUTHS = frozenset({"conclusive", "uncertain", "rejected"})


def write(path: Path, rows: Iterator[Row], labels: tuple[str, ...], columns: list[str]) -> None:
    """Write a table in the form that its name ends with.

    Parameters
    ----------
    path : Path
        The file; readers see the whole of it, or what was there before.
    rows : iterator of Row
        The rows.
    labels : tuple of str
        Codes of the labels, each with a column of probabilities.
    columns : list of str
        Names of the columns, as `flat` orders them.
    """
    draft = path.with_name(f".{path.name}.draft")
    WRITERS[path.suffix](draft, rows, labels, columns)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(path)


def check(path: Path) -> None:
    """Refuse a table that could not be written, before a long job.

    Raises
    ------
    InvalidJob
        If the name ends as no form does, the file exists, or a package is missing.
    """
    if path.suffix not in WRITERS:
        raise InvalidJob("table_form", path=path, known=tuple(WRITERS))
    if path.exists():
        raise InvalidJob("table_exists", path=path)
    if path.suffix == ".parquet":
        require("pyarrow", "bulk")


def require(package: str, extra: str) -> None:
    """Refuse what needs a package that is not installed.

    Raises
    ------
    InvalidJob
        If it is not.
    """
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise InvalidJob("extra", package=package, extra=extra)


def _parquet(path: Path, rows: Iterator[Row], labels: tuple[str, ...], columns: list[str]) -> None:
    import pyarrow
    from pyarrow import parquet

    form = schema(columns)
    with parquet.ParquetWriter(path, form, compression="zstd") as file:
        while group := list(islice(rows, ROW_GROUP)):
            flattened = [flat(row, labels) for row in group]
            file.write_table(pyarrow.Table.from_pylist(flattened, form))


def schema(columns: list[str]) -> pyarrow.Schema:
    """Return the schema of a Parquet file of rows."""
    import pyarrow

    return pyarrow.schema([(name, _type(name, pyarrow)) for name in columns])


def _type(name: str, pyarrow: Any) -> Any:
    if name in LISTS:
        return pyarrow.list_(pyarrow.string())
    if name in NUMBERS or name.startswith(PROBABILITY):
        return pyarrow.float64()
    return pyarrow.bool_() if name in TRUTHS else pyarrow.string()


def _csv(path: Path, rows: Iterator[Row], labels: tuple[str, ...], columns: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for row in rows:
            table.writerow({name: _cell(value) for name, value in flat(row, labels).items()})


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else cell(value)


def _json_lines(
    path: Path, rows: Iterator[Row], _labels: tuple[str, ...], _columns: list[str]
) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


WRITERS: Mapping[str, Callable[[Path, Iterator[Row], tuple[str, ...], list[str]], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
}
"""Writes a table, by the end of its file's name."""
