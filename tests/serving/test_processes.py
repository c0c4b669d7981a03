"""`covidxray serve --workers 2`, as a process with its children."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.settings import shipped

BIN = Path(sys.executable).parent


@contextmanager
def serving(
    count: int = 2, stderr: int | None = None, environment: Mapping[str, str] = {}
) -> Iterator[subprocess.Popen[str]]:
    command = [str(BIN / "covidxray"), "serve", "--port", "0", "--workers", str(count)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        yield process


def ready(process: subprocess.Popen[str], count: int = 2) -> tuple[str, Iterator[str]]:
    """Wait for all workers, and return the service's address and what it logs from then on."""
    assert process.stdout
    events = (json.loads(line)["event"] for line in process.stdout)
    said = next(event for event in events if "running on" in event)
    for _ in range(count if count > 1 else 0):  # One alone is ready before it listens.
        assert next(event for event in events if event in {"ready", "start failed"}) == "ready"
    return next(word for word in said.split() if word.startswith("http://")), events


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Two workers on a free port, both ready."""
    with serving() as process:
        address, _ = ready(process)
        with httpx.Client(base_url=address, timeout=60) as client:
            yield process, client
        process.terminate()


def workers(process: subprocess.Popen[str]) -> set[int]:
    return {child.pid for child in psutil.Process(process.pid).children()}


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


@pytest.mark.parametrize("count", [1, 2])
def test_a_stop_refuses_whoever_comes_and_ends_what_has_begun(count: int, film: bytes) -> None:
    with serving(count) as process:
        address, _ = ready(process, count)
        url = httpx.URL(address)
        wait_until(lambda: httpx.get(f"{address}/health/ready", timeout=PATIENCE_S).is_success)
        head = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(film)
        with (
            socket.create_connection((url.host, url.port or 0), timeout=PATIENCE_S) as upload,
            upload.makefile("rb") as received,
            httpx.Client(timeout=PATIENCE_S) as idle,
        ):
            upload.sendall(head + film[:1000])
            assert idle.get(f"{address}/health/ready").is_success
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: is_refused(address))
            # Refused once, refused for good; an idle connection is closed as well.
            assert is_refused(address)
            with pytest.raises(httpx.TransportError):
                idle.get(f"{address}/health/ready")
            assert process.poll() is None
            upload.sendall(film[1000:])
            assert received.readline() == b"HTTP/1.1 200 OK\r\n"
            assert b"connection: close\r\n" in iter(received.readline, b"\r\n")
        rest, _ = process.communicate(timeout=PATIENCE_S)

    assert rest.count("Application shutdown complete.") == count


def is_refused(address: str) -> bool:
    """Tell whether a new client is refused; who is not is answered or let go, and nobody waits."""
    try:
        httpx.get(f"{address}/health/ready", timeout=PATIENCE_S)
    except httpx.ConnectError:
        return True
    except (httpx.ReadError, httpx.RemoteProtocolError):
        pass  # It had not been taken yet.
    return False


def test_settings_of_the_command_line_reach_the_workers() -> None:
    # The environment says that there is one.
    with serving(environment={"COVIDXRAY_WORKERS": "1"}) as process:
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

    # Each loads its models before it accepts connections.
    ready = 0
    for event in seen:
        ready += 1 if event == "ready" else -1
        assert ready >= 0


def figures(client: httpx.Client) -> dict[str, float]:
    """Return what is scraped of whichever process answers, by name and labels."""
    with httpx.Client(base_url=client.base_url, timeout=60) as fresh:
        text = fresh.get("/metrics").raise_for_status().text
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_are_of_all_processes_and_outlive_each(
    served: tuple[subprocess.Popen[str], httpx.Client], film: bytes
) -> None:
    process, client = served
    asked = 'covidxray_requests_total{method="POST",route="/validate",status="2xx"}'
    for _ in range(20):
        assert httpx.post(f"{client.base_url}/validate", content=film).status_code == 200

    before = figures(client)
    assert before[asked] == 20
    assert before['covidxray_stage_seconds_count{stage="decode"}'] == 20
    assert before["covidxray_capacity"] == 64
    killed = min(workers(process))
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(workers(process) - {killed}) == 2)
    after = wait_until(lambda: figures_of_two(client))

    assert after[asked] == 20


def figures_of_two(client: httpx.Client) -> dict[str, float]:
    """Return the figures, if two processes are there to be scraped, or nothing."""
    try:
        found = figures(client)
    except httpx.TransportError:
        return {}  # The connection waited for the process that died.
    return found if found["covidxray_capacity"] == 64 else {}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("COVIDXRAY_MODEL_STORE", "is missing"),
        ("COVIDXRAY_REFERENCE", "manifest.json"),
        ("COVIDXRAY_SITE", "No such file"),
    ],
)
def test_what_cannot_be_loaded_ends_the_start_in_a_sentence(
    variable: str, told: str, count: int, tmp_path: Path
) -> None:
    nowhere = {variable: str(tmp_path / "nowhere")}
    with serving(count, subprocess.PIPE, nowhere) as process:
        said, complaint = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert told in complaint
    assert complaint.count("\n") == 1
    assert "Traceback" not in said


def test_what_cannot_replace_another_is_tried_again_while_the_rest_serve(
    tmp_path: Path, film: bytes
) -> None:
    store = tmp_path / "store"
    shutil.copytree(shipped("model_store") / "seed-cnn", store / "seed-cnn")
    chosen = {"COVIDXRAY_MODEL_STORE": str(store), "COVIDXRAY_DEFAULT_MODEL": "seed-cnn"}
    with serving(environment=chosen) as process:
        address, events = ready(process)
        store.rename(tmp_path / "away")
        os.kill(min(workers(process)), signal.SIGKILL)
        assert next(event for event in events if event in {"ready", "start failed"}) != "ready"
        for _ in range(10):
            assert httpx.post(f"{address}/validate", content=film).status_code == 200
        (tmp_path / "away").rename(store)
        assert "ready" in events
        process.terminate()
        process.communicate()


def test_the_figures_have_their_disk_space_from_the_start(tmp_path: Path, film: bytes) -> None:
    with serving(environment={"TMPDIR": str(tmp_path)}) as process:
        address, _ = ready(process)
        made = {file: file.stat() for file in tmp_path.glob("covidxray-*/*.db")}
        for path in ("predict", "validate"):
            for _ in range(10):
                assert httpx.post(f"{address}/{path}", content=film).status_code == 200
        assert set(tmp_path.glob("covidxray-*/*.db")) == set(made)
        process.terminate()
        process.communicate()

    # Counters, histograms, and three kinds of levels, of each process.
    assert len(made) == 10
    assert [file for file, it in made.items() if it.st_blocks * 512 < it.st_size] == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_stop_leaves_nothing_behind(count: int, tmp_path: Path) -> None:
    with serving(count, environment={"TMPDIR": str(tmp_path)}) as process:
        ready(process, count)
        assert len(list(tmp_path.glob("covidxray-*"))) == 1
        process.terminate()
        process.communicate()

    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_process_that_watches_the_others_loads_no_application() -> None:
    program = (
        "import sys, covidxray_api.api.server;"
        "print(*{'fastapi', 'onnxruntime', 'cv2', 'pydicom'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == ""
