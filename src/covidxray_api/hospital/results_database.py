"""The SQLite file of results and of the worklist.

It names patients, as their studies do: what is dropped is overwritten, and nothing is kept beyond
its time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from covidxray_api import sqlite
from covidxray_api.errors import ResultsUnavailable

_TABLES = """
CREATE TABLE IF NOT EXISTS result (
    study TEXT NOT NULL, series TEXT NOT NULL, instance TEXT PRIMARY KEY, sop_class TEXT NOT NULL,
    modality TEXT NOT NULL, patient_id TEXT NOT NULL, patient_name TEXT NOT NULL,
    study_date TEXT NOT NULL, accession_number TEXT NOT NULL, made REAL NOT NULL,
    attributes TEXT NOT NULL, object BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS result_of_study ON result (study);
CREATE TABLE IF NOT EXISTS film (
    instance TEXT PRIMARY KEY, study TEXT NOT NULL, priority INTEGER NOT NULL,
    request_id TEXT NOT NULL, made REAL NOT NULL, read REAL
);
CREATE INDEX IF NOT EXISTS film_of_study ON film (study);
"""


class ResultsDatabase:
    """The file, and transactions in it.

    Safe with several processes and threads: each transaction has a connection of its own.

    Parameters
    ----------
    file : Path
        On a local disk; made where there is none.
    hours : float
        Time after which what it holds is dropped.

    Raises
    ------
    ResultsUnavailable
        If it cannot be written.
    """

    def __init__(self, file: Path, hours: float) -> None:
        self._file = file.expanduser()
        self._hours = hours
        with self._faults_told():
            sqlite.create(self._file, _TABLES)

    @contextmanager
    def transaction(self, kind: sqlite.Kind = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Drop what is too old, and open a transaction that is committed at the end.

        Parameters
        ----------
        kind : sqlite.Kind
            What it does.

        Raises
        ------
        ResultsUnavailable
            If the file cannot be read or written.
        """
        with self._faults_told(), closing(sqlite.connect(self._file)) as connection:
            self._drop_old(connection)
            with sqlite.transaction(connection, kind):
                yield connection

    def _drop_old(self, connection: sqlite3.Connection) -> None:
        oldest = (datetime.now(UTC) - timedelta(hours=self._hours)).timestamp()
        # Who only reads does not wait for who writes.
        if connection.execute("SELECT 1 FROM film WHERE made < ?", (oldest,)).fetchone():
            with sqlite.transaction(connection):
                connection.execute("DELETE FROM result WHERE made < ?", (oldest,))
                connection.execute("DELETE FROM film WHERE made < ?", (oldest,))

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise ResultsUnavailable("failing", path=self._file, fault=str(error)) from error
