"""The SQLite file of the node's ledger: its tables, and how they are read and written."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covidxray_api import sqlite
from covidxray_api.durable import SharedSync

_TABLES = """
CREATE TABLE IF NOT EXISTS films (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL UNIQUE,
    sop_class TEXT NOT NULL,
    study TEXT NOT NULL,
    calling TEXT NOT NULL,
    destinations TEXT NOT NULL,
    received_at REAL NOT NULL,
    -- received, answered, unreadable (whence no answer) or failed (given up)
    state TEXT NOT NULL DEFAULT 'received',
    tries INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    file TEXT,
    model TEXT,
    answered_at REAL
);
CREATE INDEX IF NOT EXISTS films_by_study ON films (study);
CREATE INDEX IF NOT EXISTS films_by_state ON films (state);
CREATE INDEX IF NOT EXISTS films_by_age ON films (answered_at);
CREATE INDEX IF NOT EXISTS films_kept ON films (answered_at) WHERE file IS NOT NULL;
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    kind TEXT NOT NULL,
    file TEXT,
    made_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS results_by_study ON results (study);
CREATE INDEX IF NOT EXISTS results_kept ON results (id) WHERE file IS NOT NULL;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    result INTEGER NOT NULL REFERENCES results,
    destination TEXT NOT NULL,
    -- waiting, sent or dead
    state TEXT NOT NULL DEFAULT 'waiting',
    tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    fault TEXT,
    UNIQUE (result, destination)
);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, destination, due_at);
CREATE TABLE IF NOT EXISTS commitments (
    id INTEGER PRIMARY KEY,
    peer TEXT NOT NULL,
    report TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL
);
"""


Lane = tuple[int, int]
"""One of so many shares of the studies, counted from 0."""

ALL: Lane = (0, 1)
"""The whole."""


class Database:
    """What the node keeps, in one connection for all of its threads.

    Parameters
    ----------
    file : Path
        Made where there is none.
    """

    def __init__(self, file: Path) -> None:
        sqlite.create(file, _TABLES)
        self._lock = threading.RLock()
        self._connection = sqlite.connect(file, for_threads=True)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("lane", 2, _lane, deterministic=True)
        # What is committed is in the write-ahead log, which is synced below, for all at once.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._log = SharedSync(file.with_name(f"{file.name}-wal"))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self, *, durably: bool = True) -> Iterator[sqlite3.Connection]:
        """Make one transaction of what is done meanwhile: all of it, or nothing.

        Parameters
        ----------
        durably : bool
            Whether it is on disk when this returns. Otherwise it outlives the end of the process,
            and a failure of power only once a later one does.
        """
        with self._lock:
            with sqlite.transaction(self._connection):
                yield self._connection
            self._log.wrote()
        if durably:
            self.sync()

    def sync(self) -> None:
        """Return once all that was committed before is on disk.

        Raises
        ------
        OSError
            If it cannot be.
        """
        self._log.wait()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return what a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()


def _lane(study: str, lanes: int) -> int:
    """Return which of some lanes a study is in: the same in every process, and for ever."""
    return zlib.crc32(study.encode()) % lanes
