from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from covidxray_api.access.keys import Keys
from covidxray_api.cli import app
from covidxray_api.errors import InvalidConfiguration


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "of the service" / "keys.json"


def test_a_key_leads_to_its_caller(path: Path) -> None:
    keys = Keys(path)
    key = keys.create("ward-3", ["predict", "feedback"])

    caller = keys.find(key)

    assert caller is not None
    assert caller.name == "key:ward-3"
    assert caller.scopes == {"predict", "feedback"}
    assert keys.find(key + "x") is None
    assert keys.find("") is None


def test_the_file_has_no_key_and_is_for_its_owner_alone(path: Path) -> None:
    key = Keys(path).create("ward-3", ["predict"])

    assert key not in path.read_text()
    assert key.removeprefix("covidxray_") not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_keys_are_random(path: Path) -> None:
    keys = Keys(path)

    made = {keys.create(f"ward-{number}", ["predict"]) for number in range(20)}

    assert len(made) == 20
    assert all(len(key) == len("covidxray_") + 43 for key in made)  # 256 bits as Base64


def test_what_another_process_writes_is_seen(path: Path) -> None:
    serving, administering = Keys(path), Keys(path)
    first = administering.create("first", ["predict"])
    assert serving.find(first)

    second = administering.create("second", ["predict"])
    assert serving.find(second)
    administering.revoke("first")
    assert serving.find(first) is None
    assert serving.find(second)


def test_keys_that_are_made_at_once_are_all_kept(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = [f"ward-{number}" for number in range(40)]
        made = list(pool.map(lambda name: Keys(path).create(name, ["predict"]), names))

    assert {key.name for key in Keys(path).stored()} == set(names)
    assert all(Keys(path).find(key) for key in made)


def test_a_name_is_given_once(path: Path) -> None:
    Keys(path).create("ward-3", ["predict"])

    with pytest.raises(InvalidConfiguration, match="key_exists"):
        Keys(path).create("ward-3", ["feedback"])
    with pytest.raises(InvalidConfiguration, match="no_such_key"):
        Keys(path).revoke("ward-4")


@pytest.mark.parametrize("content", ["", "{", '{"keys": [{"name": "x"}]}', '{"kyes": []}', "\0"])
def test_a_file_of_something_else_lets_nobody_in(path: Path, content: str) -> None:
    keys = Keys(path)
    key = keys.create("ward-3", ["predict"])
    path.write_text(content)

    with pytest.raises(InvalidConfiguration, match="keys_invalid"):
        keys.find(key)
    path.unlink()
    with pytest.raises(InvalidConfiguration, match="keys_unreadable"):
        keys.find(key)


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["keys", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_line_creates_lists_and_revokes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVIDXRAY_KEYS", str(path))

    code, key, told = run("create", "ward-3", "--scope", "predict", "--scope", "feedback")
    assert code == 0
    assert "hash alone" in told
    assert Keys(path).find(key.strip())
    code, listed, _ = run("list")
    assert listed.split("\t")[:2] == ["ward-3", "predict feedback"]
    assert json.loads(path.read_text())["keys"][0]["sha256"] not in listed
    assert run("revoke", "ward-3")[0] == 0
    assert Keys(path).find(key.strip()) is None


def test_the_command_line_says_what_is_wrong(path: Path) -> None:
    at = ("--file", str(path))

    assert run("create", "ward 3", "--scope", "predict", *at)[0] == 2
    assert run("create", "ward-3", "--scope", "everything", *at)[0] == 2
    code, _, told = run("revoke", "ward-3", *at)
    assert code == 1
    assert "cannot be used" in told
