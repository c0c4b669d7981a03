"""SQLite files that processes of one machine share, for nobody but their owner to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

BUSY_S = 10.0
"""Seconds for which one process waits for another that writes."""

Kind = Literal["IMMEDIATE", "DEFERRED"]
"""Of a transaction; one that only reads is deferred, and hinders no other."""


def reserve(path: Path) -> None:
    """Make an empty file where there is none, before SQLite does, which lets everybody read it.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


def create(path: Path, tables: str) -> None:
    """Make a file and those of its tables that it does not have.

    Parameters
    ----------
    path : Path
        On a local disk.
    tables : str
        Statements, each of which may be repeated.

    Raises
    ------
    OSError, sqlite3.Error
        If it cannot be written.
    """
    reserve(path)
    with closing(connect(path)) as connection:
        # https://www.sqlite.org/wal.html. While another process turns it on, SQLite does not wait,
        # and need not: the file keeps it.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {tables} COMMIT;")


def connect(path: Path, *, for_threads: bool = False) -> sqlite3.Connection:
    """Open a file that there is.

    What it commits is on the disk after a power failure too, and what it deletes is overwritten.

    Parameters
    ----------
    path : Path
        As it was made by `create`.
    for_threads : bool
        Whether threads share the connection; only one of them may use it at a time.

    Raises
    ------
    sqlite3.Error
        If it cannot be opened.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        BUSY_S,
        isolation_level=None,
        check_same_thread=not for_threads,
        uri=True,
    )
    for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: Kind = "IMMEDIATE") -> Iterator[None]:
    """Make one transaction of what is done meanwhile: all of it, or nothing.

    Raises
    ------
    sqlite3.Error
        If it cannot be begun or committed.
    """
    connection.execute(f"BEGIN {kind}")
    with connection:
        yield
