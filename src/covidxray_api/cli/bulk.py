"""Many films to a table, with a bar that tells how far they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from covidxray_api.cli.faults import told_plainly
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import count

if TYPE_CHECKING:
    from covidxray_api.bulk.film_screener import Job
    from covidxray_api.bulk.summary import Summary


class Rate(ProgressColumn):
    """Films a second, of those screened now: those of an earlier start cost nothing."""

    def render(self, task: Task) -> Text:
        """Return what stands in the column."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def screen_all(
    files: Sequence[str],
    job: Job,
    out: Path,
    report: Path | None,
    limit: int | None,
    processes: int | None,
) -> None:
    """Screen films to a table; exit code 1 if any of them could not be read."""
    from covidxray_api.bulk.job import Output, run

    cores = len(os.sched_getaffinity(0))
    with told_plainly(), _bar(files, limit) as advanced:
        try:
            summary = run(files, job, Output(out, report), processes or cores, limit, advanced)
        except KeyboardInterrupt:
            typer.echo("Stopped. The same command goes on from here.", err=True)
            raise typer.Exit(130) from None
    Console().print(_counts(summary, job.language), Text(message("notice", job.language)), sep="\n")
    typer.echo(f"Wrote {', '.join(str(each) for each in (out, report) if each)}.")
    if summary.failed:
        raise typer.Exit(1)


def screen_on_ray(
    files: Sequence[str], job: Job, out: Path, cluster: str, processes: int | None
) -> None:
    """Screen films to a folder of Parquet files on a Ray cluster."""
    from covidxray_api.bulk import ray_data

    with told_plainly():
        rows = ray_data.run(files, job, out, cluster, processes)
    typer.echo(f"Wrote {count(rows, 'en')} rows to {out}.")


@contextmanager
def _bar(files: Sequence[str], limit: int | None) -> Iterator[Callable[[int], None]]:
    """Show progress on standard error; count the films beside the work."""
    from covidxray_api.bulk.job import count as count_films

    columns = (TextColumn("{task.completed:,.0f} of {task.fields[known]}"), BarColumn())
    with Progress(
        *columns, Rate(), TimeRemainingColumn(), console=Console(stderr=True), refresh_per_second=2
    ) as progress:
        task = progress.add_task("", total=None, known="?")

        def tell_total() -> None:
            films = count_films(files)
            total = films if limit is None else min(limit, films)
            progress.update(task, total=total, known=f"{total:,}")

        threading.Thread(target=tell_total, daemon=True).start()
        yield lambda more: progress.advance(task, more)


def _counts(summary: Summary, language: Language) -> Table:
    rows = Table.grid(padding=(0, 2))
    for code, films in (
        ("job_films", summary.films),
        ("job_screened", summary.screened),
        ("job_rejected", summary.rejected),
        ("job_failed", summary.failed),
    ):
        rows.add_row(message(code, language), count(films, language))
    for headline, films in summary.headlines.most_common():
        rows.add_row(f"  {headline}", count(films, language))
    return rows
