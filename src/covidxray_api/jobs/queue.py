"""The queue of jobs: what was handed in, who screens it, and what came of it.

What was acknowledged is on the disk: the uploads first, then the rows that name them, in one
transaction. An upload is deleted as soon as its answer is written.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from covidxray_api.errors import JobsUnavailable, UnknownJob
from covidxray_api.jobs.database import JobDatabase, faults_told
from covidxray_api.jobs.job import Asked, CallState, Film, HandedIn, Progress
from covidxray_api.jobs.owner import Owner, is_alive
from covidxray_api.jobs.uploads import Uploads
from covidxray_api.texts.language import Language

FILE = "jobs-1.sqlite"
"""Name of the database; another form of its tables gets another."""


class JobQueue:
    """The jobs of one service; each method raises `JobsUnavailable` if the disk fails it.

    Parameters
    ----------
    folder : Path
        Where they are kept, on a local disk; made for its owner alone where there is none.
    most_files : int
        Films that wait in all jobs together.
    most_bytes : int
        Bytes of them.
    """

    def __init__(self, folder: Path, most_files: int, most_bytes: int) -> None:
        self._most_files, self._most_bytes = most_files, most_bytes
        with faults_told():
            folder = folder.expanduser()
            films, self._owners = folder / "films", folder / "owners"
            for path in (folder, films, self._owners):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uploads = Uploads(films)
        self.database = JobDatabase(folder / FILE)
        """The tables."""
        with faults_told():
            self._owner = Owner.among(self._owners)

    def close(self) -> None:
        """Work on no more films: what this process has begun, others begin anew."""
        self._owner.leave()

    def add(
        self,
        files: Sequence[HandedIn],
        asked: Asked,
        caller: str | None = None,
        address: str | None = None,
    ) -> str:
        """Keep a new job, and return its identifier.

        Parameters
        ----------
        files : sequence of HandedIn
            At least one.
        asked : Asked
            What is asked of each.
        caller : str, optional
            Who hands it in, and who alone may ask for it.
        address : str, optional
            Where to call when it has ended.

        Raises
        ------
        JobsUnavailable
            If more films would wait than may.
        """
        job = uuid4().hex
        with self.database.transaction("DEFERRED") as connection:
            self._check_room(connection, files)
        try:
            with faults_told():
                unread = {n: it.data for n, it in enumerate(files) if it.problem is None}
                self._uploads.keep(job, unread)
            with self.database.transaction() as connection:
                # Others may have handed in theirs meanwhile.
                self._check_room(connection, files)
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
                        (job, number, it.filename, len(it.data), it.problem, bool(it.problem))
                        for number, it in enumerate(files)
                    ],
                )
                _end(connection, job)
        except BaseException:
            self._uploads.erase(job)
            raise
        return job

    def _check_room(self, connection: sqlite3.Connection, files: Sequence[HandedIn]) -> None:
        count, size = connection.execute(
            "SELECT count(*), total(bytes) FROM films WHERE answer IS NULL"
        ).fetchone()
        size += sum(len(it.data) for it in files)
        if count + len(files) > self._most_files or size > self._most_bytes:
            raise JobsUnavailable("full", waiting=count)

    def claim(self) -> Film | None:
        """Take the film that has waited longest, for this process alone; None if none waits."""
        with self.database.transaction() as connection:
            taken = connection.execute(
                "UPDATE films SET owner = ?, tries = tries + 1 WHERE rowid = ("
                "SELECT rowid FROM films WHERE answer IS NULL AND owner IS NULL"
                " ORDER BY rowid LIMIT 1) RETURNING job, number, filename, tries",
                (self._owner.name,),
            ).fetchone()
            if taken is None:
                return None
            job, number, filename, tries = taken
            asked, caller = connection.execute(
                "SELECT asked, caller FROM jobs WHERE id = ?", (job,)
            ).fetchone()
        path = self._uploads.path(job, number)
        return Film(job, number, filename, path, tries, Asked.model_validate_json(asked), caller)

    def give_back(self, film: Film, *, counted: bool = False) -> None:
        """Let a film wait again.

        Parameters
        ----------
        film : Film
            As this process has claimed it.
        counted : bool
            Whether it counts that it has been begun.
        """
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE films SET owner = NULL, tries = ?"
                " WHERE job = ? AND number = ? AND owner = ?",
                (film.tries - (not counted), film.job, film.number, self._owner.name),
            )

    def answer(self, film: Film, answer: str, is_problem: bool) -> None:
        """Keep the answer to a film, and delete what was uploaded; nothing if its job is gone.

        Parameters
        ----------
        film : Film
            As this process has claimed it.
        answer : str
            JSON, in a line.
        is_problem : bool
            Whether it is a problem.
        """
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE films SET answer = ?, problem = ?, owner = NULL"
                " WHERE job = ? AND number = ? AND owner = ?",
                (answer, is_problem, film.job, film.number, self._owner.name),
            )
            _end(connection, film.job)
        with faults_told():
            film.path.unlink(missing_ok=True)

    def waits(self) -> bool:
        """Return whether a film waits for a process."""
        with self.database.transaction("DEFERRED") as connection:
            waiting = "SELECT 1 FROM films WHERE answer IS NULL AND owner IS NULL LIMIT 1"
            return connection.execute(waiting).fetchone() is not None

    def progress(self, job: str, caller: str | None = None) -> Progress:
        """Return how far a job has come.

        Raises
        ------
        UnknownJob
            If there is no such job of this caller.
        """
        with self.database.transaction("DEFERRED") as connection:
            language, created_at, ended_at, call = _of_caller(connection, job, caller)
            files, begun, answered, problems = connection.execute(
                "SELECT count(*), count(owner), count(answer), sum(problem) FROM films"
                " WHERE job = ?",
                (job,),
            ).fetchone()
        return Progress(
            id=job,
            language=language,
            created_at=_moment(created_at),
            ended_at=None if ended_at is None else _moment(ended_at),
            files=files,
            begun=begun,
            answered=answered,
            problems=problems,
            call=call,
        )

    def answers(self, job: str) -> list[str]:
        """Return the answers that a job has by now, as JSON, in the order of its films."""
        with self.database.transaction("DEFERRED") as connection:
            rows = connection.execute(
                "SELECT answer FROM films WHERE job = ? AND answer IS NOT NULL ORDER BY number",
                (job,),
            )
            return [answer for (answer,) in rows]

    def remove(self, job: str, caller: str | None = None) -> None:
        """Cancel a job, and erase all of it.

        Raises
        ------
        UnknownJob
            If there is no such job of this caller.
        """
        with self.database.transaction() as connection:
            _of_caller(connection, job, caller)
            connection.execute("DELETE FROM jobs WHERE id = ?", (job,))
        self._uploads.erase(job)

    def tidy(self, ended_before: float) -> None:
        """Erase jobs that ended before a moment (Unix time), and what a crash has left."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE ended_at < ?", (ended_before,))
            rows = connection.execute("SELECT job, number FROM films WHERE answer IS NULL")
            awaited = {self._uploads.path(job, number) for job, number in rows}
            jobs = {job for (job,) in connection.execute("SELECT id FROM jobs")}
        with faults_told():
            self._uploads.tidy(jobs, awaited)

    def free_orphans(self) -> None:
        """Let films wait again whose process has ended before it answered them."""
        with self.database.transaction("DEFERRED") as connection:
            rows = connection.execute(
                "SELECT DISTINCT owner FROM films WHERE answer IS NULL AND owner IS NOT NULL"
            )
            owners = [owner for (owner,) in rows if owner != self._owner.name]
        dead = [(owner,) for owner in owners if not is_alive(self._owners, owner)]
        if dead:
            with self.database.transaction() as connection:
                connection.executemany("UPDATE films SET owner = NULL WHERE owner = ?", dead)


def _of_caller(
    connection: sqlite3.Connection, job: str, caller: str | None
) -> tuple[Language, float, float | None, CallState | None]:
    found: tuple[Language, float, float | None, CallState | None] | None = connection.execute(
        "SELECT json_extract(asked, '$.language'), created_at, ended_at, call FROM jobs"
        " WHERE id = ? AND caller IS ?",
        (job, caller),
    ).fetchone()
    if found is None:
        raise UnknownJob(job=job)
    return found


def _end(connection: sqlite3.Connection, job: str) -> None:
    """Note that a job has ended, if it has."""
    connection.execute(
        "UPDATE jobs SET ended_at = ?1, call_at = iif(address IS NULL, NULL, ?1) WHERE id = ?2"
        " AND ended_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM films WHERE job = ?2 AND answer IS NULL)",
        (time.time(), job),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
