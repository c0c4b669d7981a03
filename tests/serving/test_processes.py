"""`covidxray serve --workers 2`, as a process with its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

BIN = Path(sys.executable).parent


@contextmanager
def serving(**environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [str(BIN / "covidxray"), "serve", "--port", "0", "--workers", "2"]
    environment = os.environ | environment
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield process


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Two workers on a free port, both ready."""
    with serving() as process:
        assert process.stdout
        address, ready = "", 0
        for line in process.stdout:
            event = json.loads(line)["event"]
            if "running on" in event:
                address = next(word for word in event.split() if word.startswith("http://"))
            ready += event == "ready"
            if ready == 2:
                break
        with httpx.Client(base_url=address, timeout=60) as client:
            yield process, client
        process.terminate()


def workers(process: subprocess.Popen[str]) -> set[int]:
    children = psutil.Process(process.pid).children()
    return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}


def test_a_dead_worker_is_replaced_and_a_stop_is_orderly(
    served: tuple[subprocess.Popen[str], httpx.Client], film: bytes
) -> None:
    process, client = served
    assert process.stdout
    before = workers(process)
    assert len(before) == 2
    os.kill(min(before), signal.SIGKILL)
    # Nobody meets the one that starts: the other serves.
    for _ in range(40):
        assert httpx.post(f"{client.base_url}/predict", content=film).status_code == 200
    for line in process.stdout:
        if json.loads(line)["event"] == "ready":
            break
    after = workers(process)
    assert len(after) == 2
    assert len(after & before) == 1
    for _ in range(4):
        with httpx.Client(base_url=client.base_url, timeout=60) as fresh:
            assert fresh.post("/predict", content=film).status_code == 200

    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate()
    assert rest.count("Application shutdown complete.") == 2


def test_settings_of_the_command_line_reach_the_workers() -> None:
    # Of two workers, each loads its models before it accepts connections; one alone accepts at
    # once. The environment says that there is one.
    with serving(COVIDXRAY_WORKERS="1") as process:
        assert process.stdout
        seen: list[str] = []
        for line in process.stdout:
            event = json.loads(line)["event"]
            if event in {"ready", "Application startup complete."}:
                seen.append(event)
            if len(seen) == 4:
                break
        process.terminate()
        process.communicate()

    ready = 0
    for event in seen:
        ready += 1 if event == "ready" else -1
        assert ready >= 0


def test_the_process_that_watches_the_others_loads_no_application() -> None:
    program = (
        "import sys, covidxray_api.api.server;"
        "print(*{'fastapi', 'onnxruntime', 'cv2', 'pydicom'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == ""
