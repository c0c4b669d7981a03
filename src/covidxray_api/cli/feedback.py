"""What clinicians said, for those who train and watch models."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.texts.cells import cell


def export(
    output: Annotated[Path, typer.Option(help="CSV file to write, in UTF-8.")] = Path(
        "feedback.csv"
    ),
) -> None:
    """Write all feedback of COVIDXRAY_RECORDS as CSV, oldest first."""
    from covidxray_api.records.database import FeedbackRow
    from covidxray_api.records.opening import open_opinions

    with told_plainly():
        rows = open_opinions(read_settings()).all()
    with output.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [column.name for column in FeedbackRow.__table__.columns])
        table.writeheader()
        table.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    typer.echo(f"Wrote {len(rows)} rows to {output}.")
