from __future__ import annotations

import sqlite3
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.database import SCHEMA, Database, Table
from covidxray_api.records.feedback import Feedback
from covidxray_api.records.opinions import Opinions

SAID = Feedback(
    request_id="ward-3",
    model="multi-source",
    model_version="1",
    predicted_label=None,
    opinion="disagree",
    corrected_label="normal",
    comment="Ñandú",
)

BEFORE_MIGRATIONS = """
CREATE TABLE feedback (
    id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    request_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    predicted_label VARCHAR,
    opinion VARCHAR NOT NULL,
    corrected_label VARCHAR,
    comment VARCHAR,
    PRIMARY KEY (id)
);
INSERT INTO feedback VALUES
    (1, '2026-01-31 12:00:00', 'r', 'm', '1', NULL, 'agree', NULL, 'kept');
"""
"""What releases without migrations made and wrote."""


def test_what_is_kept_is_found_again_in_order(tmp_path: Path) -> None:
    opinions = Opinions(Database(tmp_path / "new" / "records.sqlite"))
    said = [replace(SAID, request_id=f"ward-{number}") for number in range(3)]

    numbers = [opinions.add(it).id for it in said]

    kept = Opinions(Database(tmp_path / "new" / "records.sqlite")).all()
    assert [row["id"] for row in kept] == numbers == [1, 2, 3]
    for row, it in zip(kept, said, strict=True):
        assert row["created_at"].tzinfo is UTC
        assert {name: row[name] for name in asdict(SAID)} == asdict(it)


def test_it_is_prepared_before_anything_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"

    Database(file).prepare()

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        assert {name for (name,) in tables} == {"alembic_version", "feedback", "screenings"}


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"

    Database(file).prepare()

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_from_before_the_first_migration_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    file.touch(mode=0o644)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(BEFORE_MIGRATIONS)

    Opinions(Database(file)).add(SAID)

    first, second = Opinions(Database(file)).all()
    assert first["comment"] == "kept"
    assert second["comment"] == SAID.comment
    assert revision(file) == SCHEMA
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_of_a_newer_release_is_refused_and_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    Opinions(Database(file)).add(SAID)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(RecordsUnavailable) as told:
        Opinions(Database(file)).add(SAID)

    assert told.value.reason == "newer"
    assert told.value.facts == {"found": "9999", "known": SCHEMA}
    assert revision(file) == "9999"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (1,)


def test_the_migrations_lead_to_the_tables_that_are_written(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    Database(file).prepare()

    with create_engine(f"sqlite:///{file}").connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []
        assert context.get_current_revision() == SCHEMA


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


def test_a_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    Database(Path("~/share/records.sqlite")).prepare()

    assert (tmp_path / "share" / "records.sqlite").is_file()
    assert (tmp_path / "share").stat().st_mode & 0o777 == 0o700


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordsUnavailable, match="no_home"):
        Database(Path("~no-such-user/records.sqlite")).prepare()


def test_a_file_that_cannot_be_used_is_told_and_not_touched(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear colleague, thank you for the film. " * 100)
    with pytest.raises(RecordsUnavailable, match="file is not a database"):
        Opinions(Database(other)).add(SAID)
    with pytest.raises(RecordsUnavailable, match="folder"):
        Opinions(Database(other / "records.sqlite")).add(SAID)

    assert other.read_text().startswith("Dear colleague")


def test_a_damaged_table_is_told_without_the_comment(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE feedback (id INTEGER PRIMARY KEY)")

    with pytest.raises(RecordsUnavailable, match="no such column") as told:
        Opinions(Database(file)).add(SAID)

    assert "Ñandú" not in f"{told.value} {told.value.__cause__}"


WRITER = """
import sys
from pathlib import Path
from covidxray_api.records.database import Database
from covidxray_api.records.feedback import Feedback
from covidxray_api.records.opinions import Opinions

opinions = Opinions(Database(Path(sys.argv[1])))
print("ready", flush=True)
input()
for number in range(20):
    opinions.add(
        Feedback(
            request_id=f"{sys.argv[2]}-{number}", model="m", model_version="1",
            predicted_label=None, opinion="agree", corrected_label=None, comment=None,
        )
    )
"""


def test_several_processes_make_and_write_one_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    command = [sys.executable, "-c", WRITER, str(file)]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(Popen([*command, name], stdin=PIPE, stdout=PIPE, text=True))
            for name in "abc"
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [writer.wait() for writer in writers] == [0, 0, 0]

    assert len(Opinions(Database(file)).all()) == 60
