"""The intake of jobs: what is acknowledged is on the disk.

The uploads are written first, then the rows that name them, in one transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import uuid4

from covidxray_api.errors import JobsUnavailable
from covidxray_api.jobs.database import JobDatabase, end, faults_told
from covidxray_api.jobs.job import Asked, HandedIn
from covidxray_api.jobs.uploads import Uploads


class Intake:
    """Takes new jobs, as long as there is room for them.

    Parameters
    ----------
    database : JobDatabase
        The tables.
    uploads : Uploads
        The files.
    most_files : int
        Films that wait in all jobs together.
    most_bytes : int
        Bytes of them.
    """

    def __init__(
        self, database: JobDatabase, uploads: Uploads, most_files: int, most_bytes: int
    ) -> None:
        self._database, self._uploads = database, uploads
        self._most_files, self._most_bytes = most_files, most_bytes

    def add(
        self,
        files: Iterable[HandedIn],
        asked: Asked,
        caller: str | None = None,
        address: str | None = None,
    ) -> str:
        """Keep a new job, and return its identifier.

        Parameters
        ----------
        files : iterable of HandedIn
            At least one; each is asked for when the one before it is on the disk.
        asked : Asked
            What is asked of each.
        caller : str, optional
            Who hands it in, and who alone may ask for it.
        address : str, optional
            Where to call when it has ended.

        Raises
        ------
        JobsUnavailable
            If as much waits already as may.
        """
        job = uuid4().hex
        try:
            rows = self._kept(job, files)
            with self._database.transaction() as connection:
                # Others may have handed in theirs meanwhile.
                self._check_room(_waiting(connection), rows)
                connection.execute(
                    "INSERT INTO jobs (id, caller, asked, created_at, address, call)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        *(job, caller, asked.model_dump_json(), time.time()),
                        *(address, address and "waiting"),
                    ),
                )
                connection.executemany(
                    "INSERT INTO films (job, number, filename, bytes, answer, problem)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (job, number, it.filename, it.size, it.problem, bool(it.problem))
                        for number, it in enumerate(rows)
                    ],
                )
                end(connection, job)
        except BaseException:
            self._uploads.erase(job)
            raise
        return job

    def _kept(self, job: str, files: Iterable[HandedIn]) -> list[_Row]:
        """Write the files of a new job, as long as there is room for them."""
        rows: list[_Row] = []
        with self._database.transaction("DEFERRED") as connection:
            waiting = _waiting(connection)
        with faults_told():
            self._uploads.begin(job)
        for number, it in enumerate(files):
            rows.append(_Row(it.filename, len(it.data), it.problem))
            self._check_room(waiting, rows)
            if it.problem is None:
                with faults_told():
                    self._uploads.keep(job, number, it.data)
        with faults_told():
            self._uploads.settle(job)
        return rows

    def _check_room(self, waiting: tuple[int, float], rows: Sequence[_Row]) -> None:
        count, size = waiting
        size += sum(it.size for it in rows)
        if count + len(rows) > self._most_files or size > self._most_bytes:
            raise JobsUnavailable("full", waiting=count)


class _Row(NamedTuple):
    """A file of a new job, without its bytes."""

    filename: str | None
    size: int
    problem: str | None


def _waiting(connection: sqlite3.Connection) -> tuple[int, float]:
    """Return how many films wait in all jobs together, and how many bytes they have."""
    found: tuple[int, float] = connection.execute(
        "SELECT count(*), total(bytes) FROM films WHERE answer IS NULL"
    ).fetchone()
    return found
