from __future__ import annotations

import sqlite3
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.database import Records
from covidxray_api.records.feedback import Feedback

SAID = Feedback(
    request_id="ward-3",
    model="multi-source",
    model_version="1",
    predicted_label=None,
    opinion="disagree",
    corrected_label="normal",
    comment="Ñandú",
)


def test_what_is_kept_is_found_again_in_order(tmp_path: Path) -> None:
    records = Records(tmp_path / "new" / "records.sqlite")

    numbers = [records.add_feedback(SAID) for _ in range(3)]

    kept = Records(tmp_path / "new" / "records.sqlite").feedback()
    assert [row["id"] for row in kept] == numbers == [1, 2, 3]
    for row in kept:
        assert row["created_at"].tzinfo is UTC
        assert {name: row[name] for name in asdict(SAID)} == asdict(SAID)


def test_it_is_prepared_before_anything_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"

    Records(file).prepare()

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        assert tables.fetchall() == [("feedback",)]


def test_a_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    Records(Path("~/share/records.sqlite")).prepare()

    assert (tmp_path / "share" / "records.sqlite").is_file()
    assert (tmp_path / "share").stat().st_mode & 0o777 == 0o700


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordsUnavailable, match="no_home"):
        Records(Path("~no-such-user/records.sqlite")).prepare()


def test_a_file_that_cannot_be_used_is_told_and_not_touched(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear colleague, thank you for the film. " * 100)
    with pytest.raises(RecordsUnavailable, match="file is not a database"):
        Records(other).add_feedback(SAID)
    with pytest.raises(RecordsUnavailable, match="folder"):
        Records(other / "records.sqlite").add_feedback(SAID)

    assert other.read_text().startswith("Dear colleague")


def test_a_damaged_table_is_told_without_the_comment(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE feedback (id INTEGER PRIMARY KEY)")

    with pytest.raises(RecordsUnavailable, match="no column named") as told:
        Records(file).add_feedback(SAID)

    assert "Ñandú" not in f"{told.value} {told.value.__cause__}"


WRITER = """
import sys
from pathlib import Path
from covidxray_api.records.database import Records
from covidxray_api.records.feedback import Feedback

records = Records(Path(sys.argv[1]))
said = Feedback(
    request_id="r", model="m", model_version="1", predicted_label=None, opinion="agree",
    corrected_label=None, comment=None,
)
print("ready", flush=True)
input()
for _ in range(20):
    records.add_feedback(said)
"""


def test_several_processes_make_and_write_one_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    command = [sys.executable, "-c", WRITER, str(file)]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(Popen(command, stdin=PIPE, stdout=PIPE, text=True))
            for _ in range(3)
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [writer.wait() for writer in writers] == [0, 0, 0]

    assert len(Records(file).feedback()) == 60
