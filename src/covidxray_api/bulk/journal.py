"""The journal of a job: each row is in it once, whenever the job is killed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covidxray_api.bulk.row import Row
from covidxray_api.bulk.sources import Film
from covidxray_api.errors import InvalidJob

COMMIT_S = 1.0
"""Most seconds of work that a kill costs."""

TABLES = """
CREATE TABLE IF NOT EXISTS job (description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS films (
    path TEXT, member TEXT, row TEXT NOT NULL, thumbnail TEXT, PRIMARY KEY (path, member)
) WITHOUT ROWID;
"""


class Journal:
    """Rows on a disk, in a SQLite file of one process at a time.

    Parameters
    ----------
    path : Path
        The file; made where there is none.
    description : str
        What the job is; all rows of a journal are of the same.

    Raises
    ------
    InvalidJob
        If the journal is of another job, in use, or cannot be written.
    """

    def __init__(self, path: Path, description: str) -> None:
        self._path = path
        with self._told():
            self._database = sqlite3.connect(path, timeout=0, isolation_level="DEFERRED")
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.executescript(f"BEGIN EXCLUSIVE; {TABLES} COMMIT;")
            begun = self._database.execute("SELECT description FROM job").fetchone()
            if begun is None:
                self._database.execute("INSERT INTO job VALUES (?)", (description,))
                self._database.commit()
        self._committed = time.monotonic()
        if begun and begun[0] != description:
            self.close()
            raise InvalidJob("journal_of_another", path=path)

    def __contains__(self, film: Film) -> bool:
        """Return whether there is a row of a film."""
        shown = film.shown()
        found = self._database.execute(
            "SELECT 1 FROM films WHERE path = ? AND member = ?", (shown.path, shown.member)
        )
        return found.fetchone() is not None

    def __len__(self) -> int:
        found: int = self._database.execute("SELECT count(*) FROM films").fetchone()[0]
        return found

    def add(self, row: Row, thumbnail: str | None = None) -> None:
        """Add a row, unless there is one of its film.

        A kill within `COMMIT_S` loses it, and its film is screened again.
        """
        with self._told():
            self._database.execute(
                "INSERT OR IGNORE INTO films VALUES (?, ?, ?, ?)",
                (row["path"], row["member"] or "", json.dumps(row), thumbnail),
            )
            if time.monotonic() - self._committed > COMMIT_S:
                self.commit()

    def commit(self) -> None:
        """Make what was added outlive a kill."""
        with self._told():
            self._database.commit()
        self._committed = time.monotonic()

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in the order of path and member."""
        for row, _ in self.pictured():
            yield row

    def pictured(self) -> Iterator[tuple[Row, str | None]]:
        """Yield the rows with their thumbnails, in the same order."""
        for text, thumbnail in self._database.execute("SELECT row, thumbnail FROM films"):
            yield json.loads(text), thumbnail

    def close(self) -> None:
        """Keep what was committed, and let another process open the file."""
        self._database.close()

    def delete(self) -> None:
        """Remove the file: its rows are kept elsewhere."""
        self.close()
        self._path.unlink()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InvalidJob("journal", path=self._path, fault=str(error)) from error
