"""What a newcomer does: clone, `make serve`, and an answer by each of the clients."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import numpy as np
import pytest
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
MAKE = ("make",)
PATIENCE_S = 1500
"""The clone installs everything, from a network, that a service needs."""

pytestmark = [
    pytest.mark.npm,
    pytest.mark.skipif(not shutil.which("npx"), reason="needs npm"),
    pytest.mark.timeout(2 * PATIENCE_S),
]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newcomer") / "covidxray-api"
    told("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", folder)
    return folder


@pytest.fixture(scope="module")
def base(clone: Path) -> Iterator[str]:
    """Where the clone's service is: started as the README says, on a free port."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [*MAKE, "serve", f"PYTHON={sys.executable}"],
        cwd=clone,
        env=inherited | {"COVIDXRAY_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            address = found(process.stdout)
            wait_until(lambda: ready(address))
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def found(said: IO[str]) -> str:
    """Return the address that a starting service says it has."""
    lines = []
    for line in said:
        lines.append(line)
        if address := re.search(r"running on (http://\S+)", line):
            return address[1].rstrip("/")
    raise AssertionError("".join(lines[-20:]))


def ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready").is_success
    except httpx.ConnectError:
        return False  # Its processes are still starting.


def told(*command: str | Path, **options: object) -> str:
    """Return what a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_curl(base: str, clone: Path) -> None:
    answer = told("curl", "-sF", f"file=@{clone}/examples/covid_19.png", f"{base}/predict")

    assert json.loads(answer)["predicted_label"] == "covid_19"


def test_python(base: str, clone: Path) -> None:
    program = (
        "import sys; from covidxray_client import Client\n"
        "with Client(sys.argv[1]) as client: print(client.predict(sys.argv[2])['predicted_label'])"
    )
    python, film = clone / ".venv" / "bin" / "python", clone / "examples" / "covid_19.png"

    answer = told(python, "-c", program, base, film, cwd=clone / "examples" / "clients")

    assert answer == "covid_19\n"


def test_typescript(base: str, clone: Path, tmp_path: Path) -> None:
    shutil.copy(clone / "examples" / "clients" / "covidxray.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.mjs").write_text(
        """
        import { readFile } from "node:fs/promises";
        import { Covidxray } from "./covidxray.js";
        const film = new Blob([await readFile(process.argv[3])]);
        const { predicted_label } = await new Covidxray(process.argv[2]).predict(film);
        console.log(predicted_label);
        """
    )
    compiler = ("npx", "--yes", "--package=typescript@5.9.3", "tsc")
    told(*compiler, "--strict", "--target", "es2022", "covidxray.ts", cwd=tmp_path)

    answer = told("node", "main.mjs", base, clone / "examples" / "covid_19.png", cwd=tmp_path)

    assert answer == "covid_19\n"


@pytest.mark.skipif(not shutil.which("java"), reason="needs a JDK")
def test_java(base: str, clone: Path) -> None:
    program, film = clone / "examples/clients/Predict.java", clone / "examples/covid_19.png"

    assert json.loads(told("java", program, base, film))["predicted_label"] == "covid_19"


def test_newman(base: str, clone: Path) -> None:
    collection = clone / "examples" / "clients" / "covidxray.postman_collection.json"
    run = ("npx", "--yes", "--package=newman@6.2.2", "newman", "run", collection)

    for folder in ("screening", "models", "health"):
        told(*run, "--folder", folder, "--env-var", f"baseUrl={base}/v1", cwd=clone)


def test_tritonclient(base: str, clone: Path) -> None:
    triton = pytest.importorskip("tritonclient.http")
    film = triton.InferInput("image", [1], "BYTES")
    film.set_data_from_numpy(
        np.array([(clone / "examples" / "covid_19.png").read_bytes()], dtype=object)
    )
    client = triton.InferenceServerClient(base.removeprefix("http://"))
    try:
        answer = client.infer("multi-source", [film])
    finally:
        client.close()

    assert answer.as_numpy("predicted_label").tolist() == ["covid_19"]
