"""SQLite files that processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from covidxray_api import sqlite

TABLES = "CREATE TABLE IF NOT EXISTS patients (name TEXT NOT NULL);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / "what?.sqlite"
    sqlite.create(path, TABLES)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite.connect(path)) as connection:
        yield connection


def names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM patients")]


def test_nobody_but_the_owner_can_read_what_there_is(
    path: Path, connection: sqlite3.Connection
) -> None:
    connection.execute("INSERT INTO patients VALUES ('Núñez')")
    files = [path.parent, *path.parent.iterdir()]
    assert len(files) > 2
    assert not any(file.stat().st_mode & 0o077 for file in files)


def test_a_transaction_is_done_whole_or_not_at_all(connection: sqlite3.Connection) -> None:
    add = "INSERT INTO patients VALUES (?)"
    with sqlite.transaction(connection):
        connection.execute(add, ("Ana",))

    with suppress(sqlite3.IntegrityError), sqlite.transaction(connection):
        connection.executemany(add, [("Eva",), (None,)])

    assert names(connection) == ["Ana"]


def test_who_reads_does_not_wait_for_who_writes(path: Path, connection: sqlite3.Connection) -> None:
    with closing(sqlite.connect(path)) as other, sqlite.transaction(connection):
        connection.execute("INSERT INTO patients VALUES ('Ana')")
        with sqlite.transaction(other, "DEFERRED"):
            assert names(other) == []


def test_what_is_deleted_is_overwritten(path: Path) -> None:
    with closing(sqlite.connect(path)) as connection:
        connection.execute("INSERT INTO patients VALUES ('HC-FORGET')")
        connection.execute("DELETE FROM patients")
    assert not any(b"HC-FORGET" in file.read_bytes() for file in path.parent.iterdir())


def test_several_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "shared.sqlite"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sqlite.create(path, TABLES), range(8)))
    with closing(sqlite.connect(path)) as connection:
        assert names(connection) == []


def test_a_file_that_was_removed_is_not_made_anew_for_all_to_read(path: Path) -> None:
    path.unlink()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite.connect(path)
    assert not path.exists()
