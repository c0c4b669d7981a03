"""The queue of jobs: what was handed in, who screens it, and what came of it.

An upload is deleted as soon as its answer is written.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from covidxray_api.errors import UnknownJob
from covidxray_api.jobs.database import JobDatabase, end, faults_told
from covidxray_api.jobs.intake import Intake
from covidxray_api.jobs.job import Asked, CallState, Film, Load, OpenJobs, Progress
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
        with faults_told():
            folder = folder.expanduser()
            films, self._owners = folder / "films", folder / "owners"
            for path in (folder, films, self._owners):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uploads = Uploads(films)
        self.database = JobDatabase(folder / FILE)
        """The tables."""
        self.intake = Intake(self.database, self._uploads, most_files, most_bytes)
        """Takes new jobs."""
        with faults_told():
            self._owner = Owner.among(self._owners)

    def close(self) -> None:
        """Work on no more films: what this process has begun, others begin anew."""
        self._owner.leave()

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
            end(connection, film.job)
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

    def load(self) -> Load:
        """Return how much is to be done."""
        with self.database.transaction("DEFERRED") as connection:
            jobs = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM films WHERE job = id"
                " AND (owner IS NOT NULL OR answer IS NOT NULL)), count(*), min(created_at)"
                " FROM jobs WHERE ended_at IS NULL GROUP BY 1"
            )
            found = {is_running: OpenJobs(count, oldest) for is_running, count, oldest in jobs}
            running, films = connection.execute(
                "SELECT count(owner), count(*) FROM films WHERE answer IS NULL"
            ).fetchone()
        return Load(
            queued=found.get(False, OpenJobs()),
            running=found.get(True, OpenJobs()),
            films_waiting=films - running,
            films_running=running,
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


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
