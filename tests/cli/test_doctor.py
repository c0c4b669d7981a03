from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from covidxray_api.cli import app
from covidxray_api.cli import doctor as module
from covidxray_api.records.database import Database
from covidxray_api.settings import shipped

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run it on an installation of which some settings are otherwise."""
    chosen = {"RECORDS": tmp_path / "records.sqlite", "PORT": 0, "WORKERS": 1}

    def doctor(**settings: object) -> Result:
        for name, value in {**chosen, **settings}.items():
            monkeypatch.setenv(f"COVIDXRAY_{name}", str(value))
        return CliRunner().invoke(app, ["doctor"])

    return doctor


def told(result: Result) -> dict[str, tuple[str, str]]:
    """Return state and finding of each check, by its name."""
    lines = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    split = [line.split(maxsplit=1) for line in lines]
    return {rest.partition(": ")[0]: (state, rest.partition(": ")[2]) for state, rest in split}


def test_a_whole_installation_is_well(run: Run) -> None:
    result = run()

    found = told(result)
    assert found.keys() == {"settings", *module.CHECKS}
    well = {name for name, (state, _) in found.items() if state == "OK"}
    # What is free of disk and memory is the machine's.
    assert well >= found.keys() - {"disks", "machine"}
    assert result.exit_code == 0
    # As they are set, so that they can be found and changed.
    assert "COVIDXRAY_RECORDS" in found["settings"][1]


def test_a_database_that_cannot_be_used_fails_once(run: Run) -> None:
    found = told(run(RECORDS="/proc/nowhere/records.sqlite"))

    failed = {name for name, (state, _) in found.items() if state == "FAILED"}
    assert failed == {"database"}


@pytest.mark.parametrize(
    ("settings", "name", "said"),
    [
        ({"WORKER": 2}, "settings", "COVIDXRAY_WORKERS"),
        ({"MODEL_STORE": "/nowhere"}, "model store", "/nowhere"),
        ({"DEFAULT_MODEL": "none"}, "default model", "There is no model named 'none'"),
        ({"REFERENCE": "/nowhere"}, "default model", "/nowhere"),
        ({"SITE": "/nowhere"}, "default model", "/nowhere"),
        ({"MODEL_KEYS": "/nowhere"}, "default model", "/nowhere"),
        ({"RECORDS": "/dev/null/records.sqlite"}, "database", "Records unavailable"),
        ({"RECORDS": "postgresql://test@/none?host=/nowhere"}, "database", "Records unavailable"),
        ({"HOST": "0.0.0.0"}, "access", "Anybody could call"),  # noqa: S104
    ],
)  # fmt: skip
def test_what_keeps_the_service_from_working_is_found(
    run: Run, settings: dict[str, object], name: str, said: str
) -> None:
    result = run(**settings)

    state, finding = told(result)[name]
    assert state == "FAILED"
    assert said in finding
    assert result.exit_code == 1


def test_a_damaged_model_that_is_not_the_default_is_a_warning(run: Run, tmp_path: Path) -> None:
    shutil.copytree(shipped("model_store"), tmp_path / "store")
    next((tmp_path / "store" / "four-class").glob("*/model.onnx")).write_bytes(b"other")

    result = run(MODEL_STORE=tmp_path / "store")

    state, finding = told(result)["model store"]
    assert state == "WARNING"
    assert "four-class" in finding
    assert result.exit_code == 0


def test_a_port_that_is_taken_is_a_warning(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(PORT=taken.getsockname()[1])

    assert told(result)["port"][0] == "WARNING"
    assert "covidxray health" in result.stdout


def test_a_slow_machine_a_full_disk_and_many_processes_are_warnings(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW_S", 0.0)
    monkeypatch.setattr(module, "MOUNTED_FREE", 1 << 60)

    found = told(run(WORKERS=999))

    assert {name for name, (state, _) in found.items() if state == "WARNING"} == {
        "default model", "disks", "machine",
    }  # fmt: skip


def test_a_clock_that_is_wrong_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    off = datetime.now(UTC) + timedelta(minutes=5)
    monkeypatch.setattr(Database, "now", lambda _: off)
    assert told(run())["clock"][0] == "WARNING"

    class Past(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Past:
            return cls(1970, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(module, "datetime", Past)
    assert told(run())["clock"][0] == "FAILED"
