from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner, Result

from covidxray_api.cli import app
from covidxray_api.models.store import ModelStore
from covidxray_api.records.database import Database
from covidxray_api.records.feedback import Feedback
from covidxray_api.records.opinions import Opinions
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

Run = Callable[..., Result]
LABELS = ("normal", "covid_19", "viral_pneumonia")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `covidxray` as on a terminal of 200 columns."""
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


class TestScreen:
    def test_a_table_for_people(self, run: Run, examples: Path) -> None:
        result = run("screen", examples / "viral_pneumonia.png", examples / "not_a_radiograph.png")

        assert result.exit_code == 0
        assert "Viral pneumonia" in result.stdout
        assert "The image is not a chest radiograph" in result.stdout
        assert "multi-source" in result.stdout
        assert "Decision support, not a diagnosis" in result.stdout

    def test_a_table_in_spanish(self, run: Run, examples: Path) -> None:
        result = run("screen", "--lang", "es", examples / "viral_pneumonia.png")

        assert "Neumonía viral" in result.stdout
        assert "Apoyo a la decisión, no un diagnóstico" in result.stdout

    def test_a_line_of_json_for_each_file(self, run: Run, examples: Path) -> None:
        files = [examples / "normal.png", examples / "not_a_radiograph.png"]

        result = run("screen", "--json", *files)

        assert result.exit_code == 0
        first, second = (json.loads(line) for line in result.stdout.splitlines())
        assert [first["file"], second["file"]] == [str(file) for file in files]
        assert first["predicted_label"] == "normal"
        assert second["rejected"] is True
        assert second["probabilities"] is None

    def test_another_model(self, run: Run, examples: Path) -> None:
        result = run("screen", "--json", "--model", "seed-cnn", examples / "normal.png")

        assert json.loads(result.stdout)["model"]["name"] == "seed-cnn"

    def test_files_that_fail_do_not_hinder_the_others(
        self, run: Run, examples: Path, tmp_path: Path
    ) -> None:
        text = tmp_path / "text.png"
        text.write_text("The patient is well.")
        files = [text, tmp_path / "absent.png", examples / "normal.png"]

        result = run("screen", "--json", *files)

        assert result.exit_code == 1
        first, second, third = (json.loads(line) for line in result.stdout.splitlines())
        assert first["problem"]["title"] == "Unsupported file format"
        assert second["problem"]["detail"] == "It cannot be read: No such file or directory."
        assert third["predicted_label"] == "normal"

    def test_a_fault_of_the_program_over_one_file_does_not_hinder_the_others(
        self, run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, faulty, third = (examples / f"{name}.png" for name in LABELS)
        screen = Screener.screen

        def broken(screener: Screener, data: bytes, **options: Any) -> Any:
            if data == faulty.read_bytes():
                raise ZeroDivisionError
            return screen(screener, data, **options)

        monkeypatch.setattr(Screener, "screen", broken)
        result = run("screen", "--json", first, faulty, third)

        assert result.exit_code == 1
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        assert [answer.get("predicted_label") for answer in answers] == [LABELS[0], None, LABELS[2]]
        assert answers[1]["problem"]["title"] == "Internal error"
        assert "ZeroDivisionError" in result.stderr

    def test_a_failure_is_shown_in_the_table(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "[red]empty.png"
        file.touch()

        result = run("screen", file)

        assert result.exit_code == 1
        assert "Empty file" in result.stdout
        assert "[red]empty.png" in result.stdout.replace("\n", "")

    def test_an_unknown_model(self, run: Run, examples: Path) -> None:
        result = run("screen", "--model", "none-such", examples / "normal.png")

        assert result.exit_code == 1
        assert result.stderr.startswith("Unknown model: ")
        assert "`covidxray models list`" in result.stderr
        assert "GET" not in result.stderr

    def test_what_advises_is_the_command_line(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "small.png"
        Image.new("L", (8, 8)).save(file)

        result = run("screen", "--json", file)

        problem = json.loads(result.stdout)["problem"]
        assert problem["advice"] == "Send the radiograph itself rather than a thumbnail."

    def test_the_answer_names_what_computed_it(self, run: Run, examples: Path) -> None:
        result = run("screen", "--operating-point", "specific", examples / "normal.png")

        stored = ModelStore(Settings().model_store).get("multi-source")
        named = f"multi-source {stored.manifest.version} · engine compiled · SHA-256"
        for words in (named, stored.sha256, "operating point specific", "gate "):
            assert words in result.stdout
        assert re.search(r"\d% \(\d+%\) COVID-19", result.stdout)

    def test_a_reference_is_repeated(self, run: Run, examples: Path) -> None:
        said = run("screen", "--json", "--reference", "ACC 1/2", examples / "normal.png")
        refused = run("screen", "--reference", "Núñez", examples / "normal.png")

        assert json.loads(said.stdout)["reference"] == "ACC 1/2"
        assert refused.exit_code == 2

    def test_it_needs_no_service(self, examples: Path) -> None:
        program = (
            "import sys; from covidxray_api.cli import app;"
            f" app(['screen', {str(examples / 'normal.png')!r}], standalone_mode=False);"
            " print(*sys.modules)"
        )

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

        imported = done.stdout.splitlines()[-1].split()
        assert "covidxray_api.rendering.json" in imported
        assert not {"fastapi", "starlette", "covidxray_api.api"} & set(imported)


def test_feedback_is_exported_for_spreadsheets(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COVIDXRAY_RECORDS", str(tmp_path / "records.sqlite"))
    said = Feedback(
        request_id="ward-3",
        model="multi-source",
        model_version="1",
        predicted_label=None,
        opinion="disagree",
        corrected_label="normal",
        comment='=HYPERLINK("x"), "sí"\nend',
    )
    Opinions(Database(tmp_path / "records.sqlite")).add(said)

    result = run("feedback", "export", "--output", tmp_path / "feedback.csv")

    assert result.exit_code == 0
    assert "1 rows" in result.stdout
    with (tmp_path / "feedback.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row.pop("id") == "1"
    assert datetime.fromisoformat(row.pop("created_at")).tzinfo is UTC
    assert row == asdict(said) | {
        "predicted_label": "",
        "comment": f"'{said.comment}",
        "replaces": "",
        "entry": "",
    }


def test_no_feedback_is_a_table_without_rows(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COVIDXRAY_RECORDS", str(tmp_path / "records.sqlite"))

    assert run("feedback", "export", "--output", tmp_path / "feedback.csv").exit_code == 0

    header = (tmp_path / "feedback.csv").read_text(encoding="utf-8")
    assert header.startswith("id,created_at,request_id,model,model_version,predicted_label,")
    assert len(header.splitlines()) == 1


def test_records_that_cannot_be_read_are_told_plainly(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COVIDXRAY_RECORDS", str(tmp_path))

    result = run("feedback", "export", "--output", tmp_path / "feedback.csv")

    assert result.exit_code == 1
    assert result.stderr.startswith("Records unavailable: ")
    assert not (tmp_path / "feedback.csv").exists()


def test_stored_models_are_listed(run: Run) -> None:
    result = run("models", "list")

    assert result.exit_code == 0
    assert "multi-source (default)" in result.stdout
    assert "seed-cnn" in result.stdout


def test_the_api_description_is_written_the_same_each_time(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"

    assert run("openapi", "--output", first).exit_code == 0
    assert run("openapi", "--output", second).exit_code == 0

    assert first.read_bytes() == second.read_bytes()
    assert "/predict" in yaml.safe_load(first.read_text(encoding="utf-8"))["paths"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "high"), ("PORT", "65536"), ("WORKERS", "0"), ("LOG_LEVEL", "loud")],
)
def test_an_invalid_setting_is_told_plainly(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"COVIDXRAY_{variable}", value)

    result = run("serve")

    assert result.exit_code == 2
    assert result.stderr.startswith(f"Invalid configuration: COVIDXRAY_{variable}: ")
    assert result.stderr.count("\n") == 1


def test_an_invalid_option_is_named_as_it_was_given(run: Run) -> None:
    result = run("serve", "--port", "65536")

    assert result.exit_code == 2
    assert result.stderr.startswith("Invalid configuration: --port: ")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("COVIDXRAY_WORKER", "COVIDXRAY_WORKERS"),
        ("COVIDXRAY_PROT", "COVIDXRAY_PORT"),
        ("covidxray_default_modell", "COVIDXRAY_DEFAULT_MODEL"),
        ("COVIDXRAY_MODELSTORE", "COVIDXRAY_MODEL_STORE"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_with_the_one_that_was_meant(
    run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, meant: str
) -> None:
    monkeypatch.setenv(typed, "3")

    result = run("serve")

    assert result.exit_code == 2
    assert f"There is no setting {typed}; did you mean {meant}?" in result.stderr


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        ("import covidxray_api.cli", ["tensorflow", "fastapi", "cv2", "sqlalchemy"]),
        ("import covidxray_api.api.app", ["tensorflow", "covidxray_api.training"]),
    ],
)
def test_what_is_not_needed_is_not_imported(program: str, unwanted: list[str]) -> None:
    listing = f"import sys; {program}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)

    imported = done.stdout.split()
    assert "covidxray_api" in imported
    assert [name for name in unwanted if name in imported] == []
