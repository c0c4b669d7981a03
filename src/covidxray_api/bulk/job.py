"""A job on one machine: films to a table, over all cores, through a journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from covidxray_api.bulk import report, sources, table, workers
from covidxray_api.bulk.film_screener import FilmScreener, Job, Task
from covidxray_api.bulk.journal import Journal
from covidxray_api.bulk.row import Found, flat, row
from covidxray_api.bulk.sources import Film
from covidxray_api.bulk.summary import Summary
from covidxray_api.errors import InvalidJob


@dataclass(frozen=True, slots=True)
class Output:
    """What a job leaves."""

    table: Path
    report: Path | None = None

    @property
    def journal(self) -> Path:
        """What is done of a job that is not; gone when it is."""
        return self.table.with_name(f"{self.table.name}.journal")


def run(
    films: Sequence[str],
    job: Job,
    output: Output,
    processes: int,
    limit: int | None = None,
    advanced: Callable[[int], object] = lambda _: None,
) -> Summary:
    """Screen films, and write a table; go on where the same job was killed.

    Parameters
    ----------
    films : sequence of str
        Sources; see `sources.find`.
    job : Job
        How.
    output : Output
        The files to write.
    processes : int
        Processes that screen, each with one thread.
    limit : int, optional
        Most films.
    advanced : callable
        Is told how many more rows there are.

    Raises
    ------
    FileUnavailable, InvalidJob
        If the job cannot be begun or continued so.
    CorruptArtefact, InvalidConfiguration, InvalidSiteProfile, UnknownModel, UnknownOperatingPoint
        See `FilmScreener`.
    """
    if not output.journal.exists():
        table.check(output.table)
    if output.report:
        table.require("jinja2", "bulk")
    sources.check(films)
    screener = FilmScreener(job)
    journal = Journal(output.journal, _description(films, job, screener))
    try:
        advanced(len(journal))
        limit_bytes = job.settings.max_body_bytes
        todo = tasks(sources.find(films), limit_bytes, lambda film: film not in journal)
        left = None if limit is None else max(0, limit - len(journal))
        try:
            for task, done in workers.run(
                islice(todo, left), partial(FilmScreener, job), processes, job.settings.hang_s
            ):
                journal.add(*(done or screener.lost(task)))
                advanced(1)
        finally:
            journal.commit()
        summary = _write(journal, output, screener, job)
        journal.delete()
    finally:
        journal.close()
    return summary


def tasks(paths: Iterable[str], limit: int, wanted: Callable[[Film], bool]) -> Iterator[Task]:
    """Yield the wanted films of files, with their bytes where an archive holds them."""
    for path in paths:
        if sources.is_archive(path):
            yield from sources.members(path, limit, wanted)
        elif wanted(Film(path)):
            yield Film(path), None


def count(films: Sequence[str]) -> int:
    """Return how many films sources have, without reading them."""
    found = 0

    def counted(_: Film) -> bool:
        nonlocal found
        found += 1
        return False

    for _ in tasks(sources.find(films), 0, counted):
        pass
    return found


def columns(screener: FilmScreener) -> list[str]:
    """Return the names of the columns of a table."""
    return list(flat(row(Film(""), None, Found(), screener.origin), screener.labels))


def _description(films: Sequence[str], job: Job, screener: FilmScreener) -> str:
    """Return what all rows of a journal have in common."""
    limits = job.settings.model_dump(include={"max_body_bytes", "max_pixels", "min_side", "gate"})
    asked = {"gate": job.gate, "language": job.language, "thumbnails": job.thumbnails}
    return json.dumps([list(films), limits, asked, asdict(screener.origin)], sort_keys=True)


def _write(journal: Journal, output: Output, screener: FilmScreener, job: Job) -> Summary:
    summary, labels = Summary(screener.labels), screener.labels
    try:
        table.write(output.table, summary.counting(journal.rows()), labels, columns(screener))
        if output.report:
            report.write(
                output.report,
                journal.pictured(),
                summary,
                screener.origin,
                output.table.name,
                screener.names,
                job.language,
            )
    except OSError as error:
        path = error.filename or output.table
        raise InvalidJob("table", path=path, fault=error.strerror) from error
    return summary
