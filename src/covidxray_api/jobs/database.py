"""The SQLite file of the jobs, which all processes of one machine share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from covidxray_api import sqlite
from covidxray_api.errors import JobsUnavailable

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    caller TEXT,
    asked TEXT NOT NULL,
    created_at REAL NOT NULL,
    ended_at REAL,
    address TEXT,
    call TEXT,
    calls INTEGER NOT NULL DEFAULT 0,
    call_at REAL
) STRICT;
CREATE TABLE IF NOT EXISTS films (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    filename TEXT,
    bytes INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    answer TEXT,
    problem INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, number)
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON films (owner) WHERE answer IS NULL;
"""
"""`owner` is the process that screens a film, `call_at` when the next call is made that the job has
ended (Unix time). Films are screened in the order in which they came in, that of `rowid`."""


class JobDatabase:
    """The file, and transactions in it.

    Parameters
    ----------
    file : Path
        Made for its owner alone where there is none.

    Raises
    ------
    JobsUnavailable
        If it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with faults_told():
            sqlite.create(file, TABLES)

    @contextmanager
    def transaction(self, kind: sqlite.Kind = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Open a transaction that is committed at the end.

        Parameters
        ----------
        kind : sqlite.Kind
            What it does.

        Raises
        ------
        JobsUnavailable
            If the file cannot be read or written.
        """
        with (
            faults_told(),
            closing(sqlite.connect(self._file)) as connection,
            sqlite.transaction(connection, kind),
        ):
            yield connection


@contextmanager
def faults_told() -> Iterator[None]:
    """Say of a fault of the disk or of the database that there are no jobs now."""
    try:
        yield
    except sqlite3.Error as error:
        raise JobsUnavailable("disk", fault=str(error)) from error
    except OSError as error:
        raise JobsUnavailable("disk", fault=error.strerror or str(error)) from error


def end(connection: sqlite3.Connection, job: str) -> None:
    """Note that a job has ended, if it has."""
    connection.execute(
        "UPDATE jobs SET ended_at = ?1, call_at = iif(address IS NULL, NULL, ?1) WHERE id = ?2"
        " AND ended_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM films WHERE job = ?2 AND answer IS NULL)",
        (time.time(), job),
    )
