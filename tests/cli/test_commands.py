"""Every command runs once, as a user types it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from tests.drawn import LABELS, draw_folder
from tests.varied import vary
from typer.core import TyperGroup
from typer.testing import CliRunner

from covidxray_api.access.keys import Keys
from covidxray_api.cli import app
from covidxray_api.settings import shipped
from covidxray_api.training.gate.network import fit_gate
from covidxray_api.training.workflows import gate as gate_workflow

LINES = {
    "inspect": ("inspect {examples}/normal.png", ""),
    "screen": ("screen {examples}/normal.png", ""),
    "openapi": ("openapi --output {made}/openapi.yaml", "openapi.yaml"),
    "train": (
        "train --data {data} --config {config} --store {made} --h5 {made}/drawn.h5",
        "drawn/1/manifest.json",
    ),
    "reproduce": (
        "reproduce --data {data} --config {config} --store {made} --output {made}/paper.md",
        "paper.md",
    ),
    "calibrate": ("calibrate --data {data} --store {made}/store", "store/drawn/2/manifest.json"),
    "evaluate": (
        "evaluate --data {data} --store {made}/store --output {made}",
        "evaluation.md",
    ),
    "protocol": (
        "protocol paper --data {data} --config {config} --output {made}",
        "drawn-paper.json",
    ),
    "models list": ("models list", ""),
    "models show": ("models show multi-source/4", ""),
    "models verify": ("models verify multi-source-fast", ""),
    "models publish": ("models publish multi-source-fast {made}/model.tar", "model.tar"),
    "models import": (
        "models import {made}/store/drawn/1/model.keras --store {made}",
        "imported/1/manifest.json",
    ),
    "models compile": (
        "models compile --data {data} --store {made}/store",
        "store/drawn/2/manifest.json",
    ),
    "records export": ("records export --output {made}/screenings.csv", "screenings.csv"),
    "records prune": ("records prune --days 30", ""),
    "records verify": ("records verify", ""),
    "feedback export": ("feedback export --output {made}/feedback.csv", "feedback.csv"),
    "node status": ("node status --config {node}", ""),
    "node resend": ("node resend --config {node}", ""),
    "keys create": ("keys create ward-4 --scope predict --file {made}/keys.json", "keys.json"),
    "keys list": ("keys list --file {keys}", ""),
    "keys revoke": ("keys revoke ward-3 --file {keys}", ""),
    "reference build": (
        "reference build --data {data} --others {others} --output {made}/new",
        "new/manifest.json",
    ),
    "site fit": ("site fit {site} --output {made}/site.json", "site.json"),
    "gate train": (
        "gate train --data {data} --others {others} --reference {made}/reference"
        " --epochs 1 --left-out-epochs 1",
        "reference/gate/1/manifest.json",
    ),
    "lungs train": (
        "lungs train --data {data} --masks {others} --reference {made}/reference --output {made}",
        "lungs.md",
    ),
}
"""A line for each command, and what it leaves in its folder; in braces, what `places` makes."""


OTHERS = {"deploy ray", "serve", "health", "doctor", "pull", "records erase", "sweep"} | {
    f"models {name}" for name in ("sign", "promote", "rollback")
}
"""Commands that need more than a folder, and have tests of their own."""


def commands(group: TyperGroup, above: str = "") -> Iterator[str]:
    """Yield the names of all commands of a group and its groups."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{above}{name} ")
        else:
            yield above + name


def test_each_command_has_a_line() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)

    assert set(commands(root)) == LINES.keys() | OTHERS


def run(line: str, places: dict[str, Path]) -> None:
    result = CliRunner().invoke(app, [word.format(**places) for word in line.split()])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> dict[str, Path]:
    """Drawn data, a configuration, and a store with a model of it."""
    names = ("data", "others", "store", "config", "site")
    top = tmp_path_factory.mktemp("prepared")
    found = {name: top / name for name in names}
    found["data"].mkdir()
    draw_folder(found["data"])
    draw_others(found["others"])
    found["config"].write_text(configuration())
    vary(examples / "normal.png", found["site"])
    run("train --data {data} --config {config} --store {store}", found)
    return found


@pytest.fixture
def places(prepared: dict[str, Path], examples: Path, tmp_path: Path) -> dict[str, Path]:
    """What is prepared, and a folder of its own with copies of what a command may change."""
    shutil.copytree(prepared["store"], tmp_path / "store")
    without_gate = shutil.ignore_patterns("gate")
    shutil.copytree(shipped("reference"), tmp_path / "reference", ignore=without_gate)
    keys = tmp_path / "of ward 3.json"
    Keys(keys).create("ward-3", ["predict"])
    node = tmp_path / "node.toml"
    node.write_text(f'folder = "{tmp_path}/node"\n')
    return prepared | {"made": tmp_path, "examples": examples, "keys": keys, "node": node}


def draw_others(folder: Path) -> None:
    """Draw ten images of each of two kinds that are no frontal radiographs."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["file,kind"]
    for kind, height in (("natural_photo", 64), ("lateral_chest_xray", 96)):
        for number in range(10):
            noise = rng.integers(0, 256, (height, 80)).astype(np.uint8)
            cv2.imwrite(str(folder / f"{kind}{number}.png"), noise)
            rows.append(f"{kind}{number}.png,{kind}")
    (folder / "other_images.csv").write_text("\n".join(rows) + "\n")


def configuration() -> str:
    """Return a recipe for drawn radiographs, as TOML."""
    values = {
        "name": "drawn",
        "description": "Learns drawn radiographs.",
        "network": "seed_cnn",
        "input_size": [32, 32],
        "split": "group",
        "validation_share": 0.4,
        "epochs": 1,
        "batch_size": 16,
    }
    labels = "".join(
        f"[[labels]]\ncode = {json.dumps(label['code'])}\n"
        f"display.en = {json.dumps(label['code'])}\ndisplay.es = {json.dumps(label['code'])}\n"
        for label in LABELS
    )
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()) + labels


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("eagerly")
# Gate and lung finder are trained by tests of `tests/training/workflows`, which take a while.
@pytest.mark.parametrize("name", sorted(LINES.keys() - {"gate train", "lungs train"}))
def test_a_command_does_its_work(
    name: str, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A round of the gate is 6,400 images.
    short = partial(fit_gate, batches=2, batch_size=16)
    monkeypatch.setattr(gate_workflow, "fit_gate", short)
    line, made = LINES[name]

    run(line, places)

    assert (places["made"] / made).exists()


def test_serve_answers_until_it_is_stopped() -> None:
    command = [str(Path(sys.executable).parent / "covidxray"), "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout
        events = (json.loads(line)["event"] for line in served.stdout)
        assert next(event for event in events if event in ("ready", "start failed")) == "ready"
        served.terminate()
        assert "Application shutdown complete." in served.communicate()[0]
