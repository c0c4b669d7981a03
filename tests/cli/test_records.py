from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet
from typer.testing import CliRunner, Result

from covidxray_api.api.schemas import RecordedScreening
from covidxray_api.cli import app
from covidxray_api.records.database import Database
from covidxray_api.records.entry import Entry
from covidxray_api.records.screenings import Screenings
from covidxray_api.records.secret import Secret

Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of three records, of which the first is a year old."""
    path = tmp_path / "records.sqlite"
    monkeypatch.setenv("COVIDXRAY_RECORDS", str(path))
    screenings = Screenings(Database(path), Secret.load(path.with_suffix(".key")))
    now = datetime.now(UTC)
    for number, moment in enumerate((now - timedelta(days=365), now, now)):
        content = dict.fromkeys(RecordedScreening.model_fields) | {
            "kind": "screening",
            "created_at": moment.isoformat(),
            "request_id": f"=ward-{number}",
            "probabilities": {"normal": 0.75},
        }
        screenings.add([Entry(content, moment)])
    return path


@pytest.fixture
def run(file: Path) -> Run:
    return lambda *words: CliRunner().invoke(app, ["records", *map(str, words)])


def test_records_are_exported_for_spreadsheets(run: Run, tmp_path: Path) -> None:
    result = run("export", "--output", tmp_path / "all.csv")
    since = run("export", "--since", "2025-01-01", "--output", tmp_path / "since.csv")

    assert result.exit_code == since.exit_code == 0
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["number"] for row in rows] == ["3", "2", "1"]
    assert rows[0]["request_id"] == "'=ward-2"
    assert json.loads(rows[0]["probabilities"]) == {"normal": 0.75}


def test_records_are_exported_for_programs(run: Run, tmp_path: Path) -> None:
    result = run("export", "--output", tmp_path / "all.parquet")

    assert result.exit_code == 0
    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.schema.field("ssim").type == "double"
    rows = table.to_pylist()
    assert [row["number"] for row in rows] == [3, 2, 1]
    assert rows[0]["request_id"] == "=ward-2"  # As it was: no spreadsheet reads it.
    assert json.loads(rows[0]["probabilities"]) == {"normal": 0.75}


def test_an_old_part_is_exported(run: Run, tmp_path: Path) -> None:
    until = f"{datetime.now(UTC) - timedelta(days=100):%Y-%m-%d}"

    run("export", "--until", until, "--output", tmp_path / "old.csv")

    assert len((tmp_path / "old.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_a_record_is_erased_once(run: Run) -> None:
    first, again = run("erase", 2), run("erase", 2)

    assert first.exit_code == 0
    assert again.exit_code == 1
    assert again.stderr.startswith("Unknown screening: There is no screening number 2. ")
    assert run("verify").exit_code == 0


def test_old_records_are_deleted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("prune").exit_code == 2
    assert "Deleted 0 entries" in run("prune", "--days", 400).stdout
    monkeypatch.setenv("COVIDXRAY_RETENTION_DAYS", "30")
    assert "Deleted 1 entries" in run("prune").stdout
    assert run("verify").exit_code == 0


def test_tampering_shows(run: Run, file: Path) -> None:
    head = run("verify").stdout.split()[-1]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM screenings WHERE number = 3")

    assert run("verify").exit_code == 0
    cut = run("verify", "--head", head)
    assert cut.exit_code == 1
    assert cut.stderr == "The head that was noted, entry 3, is not there.\n"

    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE screenings SET content = '{}' WHERE number = 2")
    changed = run("verify")
    assert changed.exit_code == 1
    assert changed.stderr == "Entry 2 is not as it was written.\n"


def test_what_is_no_head_is_told(run: Run) -> None:
    assert run("verify", "--head", "x").exit_code == 2


def test_what_cannot_be_read_leaves_no_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.sqlite").mkdir()
    monkeypatch.setenv("COVIDXRAY_RECORDS", str(tmp_path / "other.sqlite"))

    result = run("export", "--output", tmp_path / "screenings.csv")

    assert result.exit_code == 1
    assert result.stderr.startswith("Records unavailable: ")
    assert not (tmp_path / "screenings.csv").exists()
