"""The record of screenings, for those who answer for it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.texts.cells import cell

ROW_GROUP = 10_000
"""Rows of a Parquet file that are held at once."""

BREACHES = {
    "missing": "Entries before number {number} are missing.",
    "changed": "Entry {number} is not as it was written.",
    "chain": "Entry {number} does not follow the one before it.",
    "emptied": "Entry {number} is empty, and was not erased by this service.",
    "beginning": "Entries before number {number} are missing, and were not pruned by this service.",
    "head": "The head that was noted, entry {number}, is not there.",
    "opinion_changed": "The opinion of entry {number} is not as it was given.",
    "opinion_missing": "The opinion of entry {number} is missing, and nobody has erased it here.",
    "opinion_added": "Opinion {number} was not given through this service.",
}
"""What is said of each breach of the record."""


def export(
    output: Annotated[
        Path, typer.Option(help="File to write: CSV in UTF-8, or Parquet if it ends in .parquet.")
    ] = Path("screenings.csv"),
    since: Annotated[datetime | None, typer.Option(help="Answered then or later, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Answered before, in UTC.")] = None,
) -> None:
    """Write the recorded screenings as CSV or Parquet, the latest first."""
    from covidxray_api.api.schemas import RecordedScreening
    from covidxray_api.bulk.table import require
    from covidxray_api.records.opening import open_screenings
    from covidxray_api.records.screenings import Filter

    names = [name for name in RecordedScreening.model_fields if name != "feedback"]
    write = _write_parquet if output.suffix == ".parquet" else _write_csv
    with told_plainly():
        if write is _write_parquet:
            require("pyarrow", "bulk")
        screenings = open_screenings(read_settings())
        screenings.head()  # before a file is made, if they cannot be read
        found = screenings.every(Filter(since=_utc(since), until=_utc(until)))
        count = write(output, names, ({name: _flat(it[name]) for name in names} for it in found))
    typer.echo(f"Wrote {count} rows to {output}.")


def _write_csv(path: Path, names: list[str], rows: Iterator[dict[str, Any]]) -> int:
    """Write a table for spreadsheets, and return how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        for row in rows:
            table.writerow({name: cell(value) for name, value in row.items()})
            count += 1
    return count


def _write_parquet(path: Path, names: list[str], rows: Iterator[dict[str, Any]]) -> int:
    """Write a table for programs, and return how many rows it has."""
    import pyarrow
    from pyarrow import parquet

    kinds = {"number": pyarrow.int64(), "conclusive": pyarrow.bool_()}
    kinds |= dict.fromkeys(("p_value", "ssim", "gate_score", "distance"), pyarrow.float64())
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in names])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        while group := list(islice(rows, ROW_GROUP)):
            file.write_table(pyarrow.Table.from_pylist(group, schema))
            count += len(group)
    return count


def erase(
    number: Annotated[int, typer.Argument(help="Number of the screening.")],
) -> None:
    """Erase the record of one screening, and the opinions of it."""
    from covidxray_api.records.opening import open_screenings

    with told_plainly():
        open_screenings(read_settings()).erase(number)
    typer.echo(f"Erased screening {number}.")


def prune(
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Delete what is older; COVIDXRAY_RETENTION_DAYS if unset."),
    ] = None,
) -> None:
    """Delete records and opinions that are older than they are to be kept."""
    from covidxray_api.records.opening import open_screenings

    settings = read_settings(retention_days=days)
    if settings.retention_days is None:
        typer.echo("Say for how many days: --days, or COVIDXRAY_RETENTION_DAYS.", err=True)
        raise typer.Exit(2)
    before = datetime.now(UTC) - timedelta(days=settings.retention_days)
    with told_plainly():
        deleted = open_screenings(settings).prune(before)
    typer.echo(f"Deleted {deleted} entries from before {before:%Y-%m-%d %H:%M} UTC.")


def verify(
    head: Annotated[
        str | None, typer.Option(help="Head that was noted earlier, as this command prints it.")
    ] = None,
) -> None:
    """Tell whether screenings and opinions are as they were written; exit code 1 if not.

    Note the head that is printed elsewhere: it shows later whether the end was cut off.
    """
    from covidxray_api.records.chain import Head
    from covidxray_api.records.opening import open_screenings

    try:
        noted = Head.parse(head) if head else None
    except ValueError as error:
        raise typer.BadParameter("A head is a number, a colon and a hash.") from error
    with told_plainly():
        screenings = open_screenings(read_settings())
        found = list(screenings.tampering(noted))
        last = screenings.head()
    for breach in found:
        typer.echo(BREACHES[breach.breach].format(number=breach.number), err=True)
    if found:
        raise typer.Exit(1)
    typer.echo(f"The record is as it was written. Head: {last}")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _flat(value: Any) -> Any:
    """Return what fits into a cell: lists and mappings as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
