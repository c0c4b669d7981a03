"""The README's commands and code, run against a service started as a user starts it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.waiting import wait_until

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def lines(command: str) -> list[str]:
    found = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in found if line.startswith(f"{command} ")]


def run(line: str) -> str:
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def is_ready(address: str) -> bool:
    """Whether a process listens and is ready; it says that it is before it listens."""
    try:
        return httpx.get(f"http://{address}/health/ready").status_code == 200
    except httpx.ConnectError:
        return False


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where `covidxray serve` says that it listens; ready."""
    command = [str(BIN / "covidxray"), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        events = (json.loads(line)["event"] for line in process.stdout)
        said = next(event for event in events if event.startswith("Uvicorn running on"))
        found = re.search(r"http://(\S+)", said)
        assert found
        assert next(event for event in events if event in ("ready", "start failed")) == "ready"
        wait_until(lambda: is_ready(found[1]))
        yield found[1]
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate()
    assert "Application shutdown complete." in rest


@pytest.mark.parametrize("line", [line for line in lines("curl") if " -o " in line])
def test_a_curl_line_fetches_a_file(address: str, line: str, tmp_path: Path) -> None:
    words = shlex.split(line)
    name = words[words.index("-o") + 1]
    there = line.replace("localhost:8000", address).replace(name, str(tmp_path / name))

    run(f"{there} --silent --fail")

    signatures = {".png": b"\x89PNG", ".pdf": b"%PDF-"}
    assert (tmp_path / name).read_bytes().startswith(signatures[Path(name).suffix])


@pytest.mark.parametrize("line", [line for line in lines("curl") if " -o " not in line])
def test_a_curl_line_is_answered(address: str, line: str) -> None:
    answer = json.loads(run(line.replace("localhost:8000", address) + " --silent --fail"))

    path = re.search(r"localhost:8000(/\w+)", line)
    assert path
    if "?model=" in line:
        assert answer["model"]["name"] == "seed-cnn"
    elif path[1] == "/explain":
        assert answer["explanation"]["map"]["values"]
    elif path[1] == "/predict":
        expected = re.search(r"examples/(\w+)\.png", line)
        assert expected
        label = None if expected[1] == "not_a_radiograph" else expected[1]
        assert answer["rejected"] is (label is None)
        shares = answer["probabilities"] or {}
        assert max(shares, key=lambda code: shares[code], default=None) == label
    elif path[1] == "/feedback":
        assert answer["request_id"] == "ward-3.42"
    elif path[1] == "/validate":
        assert answer["rejected"] is False
    elif path[1] == "/models":
        assert answer["models"]
    else:
        assert path[1] == "/health"
        assert answer["ready"] is True


def test_each_way_to_ask_is_shown() -> None:
    shown = {word for line in lines("curl") for word in shlex.split(line)}

    for path in (
        "/predict",
        "/explain",
        "/validate",
        "/preview",
        "/report",
        "/feedback",
        "/models",
        "/health",
    ):
        assert any(word.partition("?")[0].endswith(path) for word in shown)


def test_the_python_client_is_answered(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (program,) = blocks("python")

    exec(program.replace("localhost:8000", address), {})  # noqa: S102 - it is our own README

    assert capsys.readouterr().out == "Normal\n"


def test_the_answer_that_is_shown_has_the_fields_of_one(address: str) -> None:
    (shown,) = blocks("json")

    film = (ROOT / "examples" / "covid_19.png").read_bytes()
    answer = httpx.post(f"http://{address}/predict", content=film).json()
    assert json.loads(shown).keys() == answer.keys()


@pytest.mark.parametrize("line", lines("covidxray"))
def test_a_command_succeeds(line: str) -> None:
    assert run(line)
