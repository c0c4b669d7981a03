"""The package as it is installed: built, installed without the checkout, and served."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [str(TOOLS / "hatchling"), "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`covidxray` of a fresh environment: the package is the wheel's, all else is lent."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment, symlinks=True)
    install = [str(TOOLS / "uv"), "pip", "install", "--offline", "--no-deps", "--no-cache"]
    target = ["--python", str(environment / "bin" / "python"), str(wheel)]
    subprocess.run([*install, *target], check=True, capture_output=True)
    # The lender's own .pth files, by which it finds the checkout, have no effect from here.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "covidxray"


@pytest.fixture(scope="module")
def surroundings() -> dict[str, str]:
    """The environment of processes, without a way to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture
def address(program: Path, surroundings: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Where the wheel's service listens; ready."""
    command = [str(program), "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=surroundings
    ) as served:
        assert served.stdout
        events = (json.loads(line)["event"] for line in served.stdout)
        try:
            # A service that cannot start ends instead, and with it the lines.
            yield next(
                found[1]
                for event in events
                if (found := re.search(r"running on (http://\S+)", event))
            )
        finally:
            served.terminate()
        served.communicate()


def test_it_carries_what_serves_and_nothing_that_only_training_reads(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())

    for served in ("model_store/*/*/model.onnx", "reference/gate/*/model.onnx", "reference/*.npy"):
        for path in ROOT.glob(served):
            assert f"covidxray_api/shipped/{path.relative_to(ROOT)}" in names
    assert "covidxray_api/web/index.html" in names
    assert "covidxray_api/records/migrations/versions/r0001_feedback.py" in names
    tops = {name.partition("/")[0] for name in names}
    assert {re.sub(r"-[\d.]+(?=\.)", "", top) for top in tops} == {
        "covidxray_api",
        "covidxray_api.dist-info",
    }
    unwanted = re.compile(r"trials\.npz|shipped/reference/gate/.*\.keras|\.md$")
    cards = {name for name in names if name.endswith("/MODEL_CARD.md")}
    assert {name for name in names - cards if unwanted.search(name)} == set()


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--help"], "not a diagnosis"), (["models", "list"], "multi-source")]
)
def test_its_commands_run_outside_the_checkout(
    program: Path,
    surroundings: dict[str, str],
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    done = subprocess.run(
        [program, *arguments],
        cwd=tmp_path,
        env=surroundings | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said in done.stdout


def test_the_package_is_the_one_of_the_wheel(
    program: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    where = "import covidxray_api; print(covidxray_api.__file__)"
    python = program.with_name("python")

    done = subprocess.run(
        [python, "-c", where],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(done.stdout).is_relative_to(program.parents[1])


def test_its_service_answers(address: str, film: bytes) -> None:
    answer = httpx.post(f"{address}/predict", content=film, timeout=PATIENCE_S)

    assert answer.status_code == 200
    assert answer.json()["predicted_label"] == "normal"
