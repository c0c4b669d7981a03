"""Many films to a table: every film once, whatever happens on the way."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet
from tests import dicom_files
from tests.varied import vary
from tests.waiting import wait_until
from typer.testing import CliRunner, Result

from covidxray_api.bulk import table
from covidxray_api.bulk.film_screener import FilmScreener, Job
from covidxray_api.bulk.row import flat
from covidxray_api.bulk.sources import Film
from covidxray_api.cli import app
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

Screen = Callable[..., Result]


@pytest.fixture(scope="module")
def screen() -> Screen:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["screen", *map(str, arguments)])

    return run


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Path:
    """Films of every kind: files, a DICOM file with a name in it, members, and what is none."""
    folder = tmp_path_factory.mktemp("archive")
    for name in ("normal.png", "covid_19.png", "not_a_radiograph.png"):
        shutil.copy(examples / name, folder)
    (folder / "=text.png").write_text("The patient is well.")
    pixels = np.asarray(Image.open(examples / "normal.png").convert("L")).astype("uint16") * 16
    (folder / "film.dcm").write_bytes(dicom_files.dicom(pixels))
    with zipfile.ZipFile(folder / "films.zip", "w") as zipped:
        zipped.write(examples / "viral_pneumonia.png", "ward/viral.png")
        zipped.writestr("ward/empty.png", b"")
        zipped.writestr("ward/large.png", bytes(Settings().max_body_bytes + 1), ZIP_DEFLATED)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, archive: Path, screen: Screen) -> Path:
    """What a job over it leaves."""
    folder = tmp_path_factory.mktemp("made")
    result = screen(
        archive, "--out", folder / "films.jsonl", "--report", folder / "films.html", "--thumbnails"
    )
    assert result.exit_code == 1, result.output  # three films could not be read
    return folder


@pytest.fixture(scope="module")
def rows(made: Path) -> dict[str, dict[str, Any]]:
    """The rows by the name of the film."""
    lines = (made / "films.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return {Path(row["member"] or row["path"]).name: row for row in found}


def test_each_film_has_a_row(rows: dict[str, dict[str, Any]], made: Path) -> None:
    said = {name: row["problem"] or row["predicted_label"] for name, row in rows.items()}

    assert said == {
        "=text.png": "unsupported-format",
        "covid_19.png": "covid_19",
        "empty.png": "empty-file",
        "film.dcm": "normal",
        "large.png": "body-too-large",
        "normal.png": "normal",
        "not_a_radiograph.png": None,
        "viral.png": "viral_pneumonia",
    }
    assert rows["not_a_radiograph.png"]["rejection"] == "not_a_chest_radiograph"
    assert sorted(path.name for path in made.iterdir()) == ["films.html", "films.jsonl"]


def test_a_row_says_what_the_screener_says(rows: dict[str, dict[str, Any]], film: bytes) -> None:
    found, row = Screener.from_settings(Settings()).screen(film), rows["normal.png"]

    assert row["probabilities"] == found.probabilities
    assert row["ssim"] == found.validation.consistency.ssim
    assert row["model_sha256"] == found.model.sha256
    assert row["operating_point"] == "balanced"
    assert row["notice"].startswith("Decision support")


def test_nothing_of_a_patient_is_in_what_is_made(made: Path) -> None:
    assert all(b"Secret" not in path.read_bytes() for path in made.iterdir())


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_tables_of_all_forms_have_the_same_rows(
    rows: dict[str, dict[str, Any]], tmp_path: Path, form: str
) -> None:
    out, labels = tmp_path / f"films.{form}", ("normal", "covid_19", "viral_pneumonia")

    table.write(out, iter(rows.values()), labels, list(flat(rows["normal.png"], labels)))

    if form == "csv":
        with out.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
    else:
        found = parquet.read_table(out).to_pylist()
    assert [row["sha256"] or None for row in found] == [row["sha256"] for row in rows.values()]
    for row, expected in zip(found, rows.values(), strict=True):
        assert (row["problem"] or None) == expected["problem"]
        shares = expected["probabilities"] or {}
        assert float(row["probability_normal"] or 0) == shares.get("normal", 0)
        listed = " ".join(expected["findings"]) if form == "csv" else expected["findings"]
        assert row["findings"] == listed


class Tags(HTMLParser):
    """The attributes of a page that could ask a network for something, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.images = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        self.asked += [v or "" for name, v in attrs if name in {"src", "href", "srcset", "action"}]


def test_the_report_has_all_in_it(made: Path) -> None:
    page = (made / "films.html").read_text(encoding="utf-8")

    tags = Tags(page)

    assert all(asked.startswith("data:image/jpeg;base64,") for asked in tags.asked)
    assert tags.images == 5  # all but the three that could not be read
    assert "Decision support, not a diagnosis" in page
    assert "=text.png" in page
    assert "<rect" in page


def test_a_kill_loses_no_film_and_repeats_none(examples: Path, tmp_path: Path) -> None:
    films, out = tmp_path / "films", tmp_path / "table.jsonl"
    vary(examples / "normal.png", films, count=60)
    journal = out.with_name("table.jsonl.journal")
    command = [sys.executable, "-c", "from covidxray_api.cli import app; app()"]
    command += ["screen", str(films), "--out", str(out), "--processes", "1"]

    def kept() -> int:
        try:
            with sqlite3.connect(f"file:{journal}?mode=ro&immutable=1", uri=True) as database:
                return int(database.execute("SELECT count(*) FROM films").fetchone()[0])
        except sqlite3.Error:
            return 0

    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: kept() > 0)
        os.kill(killed.pid, signal.SIGKILL)
    assert not out.exists()
    before = kept()
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert 0 < before < 60
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(row["path"] for row in rows) == sorted(map(str, films.iterdir()))
    assert not journal.exists()


def test_a_table_that_exists_is_kept(archive: Path, tmp_path: Path, screen: Screen) -> None:
    out = tmp_path / "table.csv"
    out.write_text("An archive of last night.")

    result = screen(archive, "--out", out)

    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert out.read_text() == "An archive of last night."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "table.xlsx"), "does not end as a table does"),
        (("--out", "table.csv", "--model", "none-such"), "none-such"),
        (("--out", "table.csv", "--json"), "A table has no --json"),
        (("--limit", "3"), "need --out"),
    ],
)
def test_what_cannot_be_meant_is_told_at_once(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    screen: Screen,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    result = screen(archive, *options)

    assert result.exit_code != 0
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_this_program_is_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], film: bytes
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError

    screener = FilmScreener(Job(Settings(), language="es"))
    monkeypatch.setattr(Screener, "screen", fault)

    row, _ = screener((Film("a.png"), film))

    assert row["problem"] == "internal-error"
    assert row["problem_detail"].startswith("Un fallo")
    assert "ZeroDivisionError" in capsys.readouterr().err
