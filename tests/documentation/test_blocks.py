"""The code of the documentation, run as its reader would against a service that is shipped."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import typer
import yaml
from tests.documentation.blocks import PAGES, ROOT, RUN, Block, blocks_of
from tests.documentation.named import names_of_tests
from tests.varied import vary
from tests.waiting import wait_until
from typer.core import TyperGroup

from covidxray_api.cli import app
from covidxray_api.settings import PREFIX, Settings

BIN = Path(sys.executable).parent
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
BASH = "/bin/bash"
PATIENCE_S = 120
"""Most that a block may take; nothing that is shown waits for somebody."""

ADDRESS = "localhost:8000"
OWN = re.compile(r"covidxray [a-z]+\b(?! \[)")
SERVE = re.compile(r"^(?P<settings>(?:\w+=\S+ )*)covidxray serve$", re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def lines_of(page: Path) -> list[str]:
    runs = (block for block in BLOCKS if block.page == page and block.runs_here)
    return [line for block in runs for line in block.text.replace("\\\n", "").splitlines()]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a reader: all their own, and curl fails over a problem."""
    (home / ".curlrc").write_text("silent\nfail-with-body\n")
    store = home / "model_store"
    if not store.exists():
        shutil.copytree(ROOT / "model_store", store, copy_function=os.symlink)
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CURL_HOME": str(home),
        "COVIDXRAY_MODEL_STORE": str(store),
        "COVIDXRAY_RECORDS": str(home / "records.sqlite"),
        **(more or {}),
    }


def is_ready(address: str) -> bool:
    """Whether a process listens and is ready; it says that it is before it listens."""
    try:
        return httpx.get(f"http://{address}/health/ready").status_code == 200
    except httpx.ConnectError:
        return False


@contextmanager
def served(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield where `covidxray serve` says that it listens; ready."""
    command = [str(BIN / "covidxray"), "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=home, env=environment(home, settings)
    ) as process:
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service listens that all pages ask which start none."""
    with served(tmp_path_factory.mktemp("service")) as address:
        yield address


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder like a clone's, with radiographs, in which what a page makes is its own."""
    for name in ("README.md", "configs", "examples", "openapi.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for folder, films in (("archive", 2), ("before-2020", 50)):
        vary(ROOT / "examples" / "normal.png", tmp_path / folder, films)
    return tmp_path


class Reader:
    """Types what a page shows, one block after the other.

    Parameters
    ----------
    home : Path
        Where it is typed.
    address : str
        Where a service listens already.
    services : ExitStack
        Ends the services that the page starts.
    """

    def __init__(self, home: Path, address: str, services: ExitStack) -> None:
        self.home = home
        self.address = address
        self.services = services

    def run(self, block: Block) -> str:
        """Return what a block prints."""
        if block.language == "python":
            return self._type([str(BIN / "python"), "-c", self._here(block.text)], block.note)
        printed, begin = "", 0
        for serve in SERVE.finditer(block.text):
            printed += self._shell(block.text[begin : serve.start()], block.note)
            settings = dict(word.split("=", 1) for word in shlex.split(serve["settings"]))
            self.address = self.services.enter_context(served(self.home, settings))
            begin = serve.end()
        return printed + self._shell(block.text[begin:], block.note)

    def _shell(self, text: str, note: str) -> str:
        return self._type([BASH, "-euo", "pipefail", "-c", self._here(text)], note)

    def _type(self, words: list[str], note: str) -> str:
        told = environment(self.home)
        if note == "answered by a problem":
            (self.home / ".curlrc").write_text("silent\n")
        done = subprocess.run(
            words,
            cwd=self.home,
            env=told,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{words[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _here(self, text: str) -> str:
        return text.replace(ADDRESS, self.address).replace("127.0.0.1:8000", self.address)


def fits(printed: str, shown: str) -> bool:
    """Whether a text is the one that is shown, in which “…” stands for anything."""
    parts = (re.escape(part) for part in shown.strip().split("…"))
    read = printed.strip().replace("\N{NO-BREAK SPACE}", " ")
    return re.fullmatch(".*".join(parts), read, re.DOTALL) is not None


@pytest.mark.parametrize(
    "page", sorted({block.page for block in BLOCKS if block.runs_here}), ids=name_of
)
def test_a_page_does_what_it_says(page: Path, shared: str, home: Path) -> None:
    with ExitStack() as services:
        reader = Reader(home, shared, services)
        for block in blocks_of(page):
            if block.runs_here:
                printed = reader.run(block)
                assert not block.output or fits(printed, block.output), printed


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: name_of(block.page))
def test_a_block_is_run_or_says_why_not(block: Block) -> None:
    """What is no code is configuration, output, or an answer; code is run, here or elsewhere."""
    if block.language == "yaml":
        assert yaml.safe_load(block.text)
    elif block.language == "ini":
        names = {line.partition("=")[0] for line in block.text.splitlines()}
        assert names <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    elif block.language == "toml":
        assert tomllib.loads(block.text)
    elif block.language == "json":
        assert json.loads(block.text)
    else:
        assert block.language in {*RUN, "lua", "nginx", "text"}
    if block.note.startswith("run by "):
        path, _, test = block.note.removeprefix("run by ").partition("::")
        assert test in names_of_tests(ROOT / path)


@pytest.mark.parametrize(
    "line",
    sorted({line for block in BLOCKS for line in block.text.splitlines() if OWN.match(line)}),
)
def test_a_command_has_the_options_that_are_shown(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and not words[0].startswith("--"):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known


def test_a_film_is_answered_as_its_name_says(shared: str, home: Path, examples: Path) -> None:
    asked = 0
    for line in lines_of(ROOT / "README.md"):
        words = shlex.split(line, comments=True)
        if words[:1] == ["curl"] and words[-1].partition("?")[0] == f"{ADDRESS}/predict":
            (name,) = re.findall(r"examples/(\w+)\.png", line)
            answer = json.loads(
                subprocess.check_output(
                    [BASH, "-c", line.replace(ADDRESS, shared)], cwd=home, env=environment(home)
                )
            )
            expected = None if name == "not_a_radiograph" else name
            assert answer["rejected"] is (expected is None)
            assert answer["predicted_label"] == expected
            asked += 1
    assert asked >= 3


def test_the_files_that_are_fetched_are_what_their_names_say(shared: str, home: Path) -> None:
    signatures = {".png": b"\x89PNG", ".pdf": b"%PDF-"}
    fetched = 0
    for line in lines_of(ROOT / "docs" / "programs.md"):
        words = shlex.split(line)
        if "-o" in words:
            there = line.replace(ADDRESS, shared)
            subprocess.run([BASH, "-c", there], cwd=home, env=environment(home), check=True)
            file = home / words[words.index("-o") + 1]
            assert file.read_bytes().startswith(signatures[file.suffix])
            fetched += 1
    assert fetched == 3


def test_each_way_to_ask_is_shown() -> None:
    shown = {
        word.partition("?")[0].partition(ADDRESS)[2].removeprefix("/v1")
        for page in PAGES
        for line in lines_of(page)
        for word in line.split()
    }

    assert {
        "/predict",
        "/predict/batch",
        "/explain",
        "/validate",
        "/preview",
        "/report",
        "/feedback",
        "/models",
        "/health",
    } <= {word.strip("'") for word in shown}


def test_the_answer_that_is_shown_has_the_fields_of_one(shared: str, examples: Path) -> None:
    (shown,) = (it.text for it in blocks_of(ROOT / "docs" / "answers.md") if it.language == "json")

    film = (examples / "covid_19.png").read_bytes()
    answer = httpx.post(f"http://{shared}/predict", content=film).json()
    assert json.loads(shown).keys() == answer.keys()
