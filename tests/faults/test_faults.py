"""What callers see, and what the log says, while things break: real processes under load."""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image
from tests.faults.crowd import Crowd, Service, served, told
from tests.records.test_processes import environment, recorded
from tests.serving.test_processes import serving
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.settings import shipped

pytestmark = pytest.mark.faults

Note = Callable[..., None]


def until_replaced(service: Service, worker: int) -> float:
    """Return the seconds until another process serves in place of one that has ended."""
    begun = time.monotonic()
    before = len(service.log("ready"))
    wait_until(lambda: not psutil.pid_exists(worker))
    wait_until(lambda: len(service.log("ready")) > before)
    assert len(service.workers) == 2
    return time.monotonic() - begun


def test_a_worker_is_killed_under_load(films: list[bytes], note: Note) -> None:
    with served() as service:
        crowd = Crowd(service, films)
        victim = min(service.workers)
        with crowd.asking(8, 30) as asked:
            os.kill(victim, signal.SIGKILL)
            recovery = until_replaced(service, victim)
        answers = [answer for it in asked for answer in it.result()]
        after = crowd.all(8, 5)

    assert len(answers) == 240
    # Lost is at most what the process had in hand: one request of each client.
    assert sum(it.status != 200 for it in answers) <= 8
    assert all(it.is_right for it in answers)
    assert {it.status for it in after} == {200}
    died = [line["event"] for line in service.log(f"Child process [{victim}] died")]
    assert len(died) == 1
    note(
        "A worker is killed under load",
        told(answers),
        "`Child process [N] died`, `ready`",
        recovery,
    )


def test_a_worker_is_frozen(films: list[bytes], note: Note) -> None:
    with served() as service:
        crowd = Crowd(service, films)
        victim = min(service.workers)
        with crowd.asking(4, 20) as asked:
            os.kill(victim, signal.SIGSTOP)
            recovery = until_replaced(service, victim)
        answers = [answer for it in asked for answer in it.result()]
        after = crowd.all(8, 5)

    assert sum(it.status != 200 for it in answers) <= 4
    assert all(it.is_right for it in answers)
    assert {it.status for it in after} == {200}
    note("A worker does not respond", told(answers), "`Child process [N] died`, `ready`", recovery)


@pytest.fixture(scope="module")
def laborious(examples: Path) -> bytes:
    """A radiograph within the limits whose decoding takes a second, in one call of a library."""
    stream = io.BytesIO()
    film = Image.open(examples / "normal.png").convert("L")
    film.resize((7900, 7900)).save(stream, "WEBP", quality=80)
    return stream.getvalue()


def test_work_hangs(films: list[bytes], laborious: bytes, note: Note) -> None:
    with served({"COVIDXRAY_HANG_S": "0.4"}) as service:
        crowd = Crowd(service, films)
        before = service.workers
        begun = time.monotonic()
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{service.address}/predict", content=laborious, timeout=PATIENCE_S)
        answers = crowd.all(2, 10)
        wait_until(lambda: len(service.log("ready")) >= 1)
        recovery = time.monotonic() - begun
        wait_until(lambda: len(service.workers - before) == 1)

    assert {it.status for it in answers} == {200}
    assert all(it.is_right for it in answers)
    (line,) = service.log("hung")
    assert line["level"] == "error"
    note(
        "Work does not end within `COVIDXRAY_HANG_S`",
        f"1 × no answer; of others: {told(answers)}", "`hung`, `Child process [N] died`, `ready`",
        recovery,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["on", "required"])
def test_the_disk_is_full(films: list[bytes], note: Note, tmp_path: Path, how: str) -> None:
    place, key = tmp_path / "records.sqlite", tmp_path / "records.key"
    with served(environment(place, key, how)) as service:
        crowd = Crowd(service, films)
        processes = [psutil.Process(worker) for worker in service.workers]
        (free, most) = processes[0].rlimit(psutil.RLIMIT_FSIZE)
        for process in processes:
            process.rlimit(psutil.RLIMIT_FSIZE, (1, most))  # No file may grow, or be written.
        answers = []
        while len(service.log("records cannot be written")) < 2:
            answers += crowd.all(4, 3)
            assert len(answers) < 1000
        full = crowd.all(4, 5)
        is_ready = {service.health().status_code for _ in range(10)}
        for process in processes:
            process.rlimit(psutil.RLIMIT_FSIZE, (free, most))
        begun = time.monotonic()
        wait_until(lambda: len(service.log("records are written again")) == 2)
        recovery = time.monotonic() - begun
        after = crowd.all(4, 5)
        answered = {it.name for it in (*answers, *full, *after) if it.status == 200}

    refusal = {(503, "records-unavailable")}
    assert {(it.status, it.says) for it in full if it.status != 200} == (
        refusal if how == "required" else set()
    )
    assert (200 in {it.status for it in full}) is (how == "on")
    assert is_ready == ({200} if how == "on" else {503})
    assert {it.status for it in after} == {200}
    assert all(it.is_right for it in (*answers, *full, *after))
    assert recorded(place, key) >= answered
    note(
        f"No file can be written (`COVIDXRAY_RECORD_SCREENINGS={how}`)", told(full),
        "`records cannot be written`, `records are written again`", recovery,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "variable", "file"),
    [
        ("model", "COVIDXRAY_MODEL_STORE", "seed-cnn/3/model.onnx"),
        ("reference", "COVIDXRAY_REFERENCE", "mean.npy"),
    ],
)
def test_what_is_loaded_is_corrupt(
    note: Note, tmp_path: Path, name: str, variable: str, file: str
) -> None:
    folder = tmp_path / "copy"
    if name == "model":
        shutil.copytree(shipped("model_store") / "seed-cnn", folder / "seed-cnn")
    else:
        shutil.copytree(shipped("reference"), folder)
    damaged = bytearray((folder / file).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / file).write_bytes(damaged)
    chosen = {variable: str(folder)} | (
        {"COVIDXRAY_DEFAULT_MODEL": "seed-cnn"} if name == "model" else {}
    )
    with serving(2, subprocess.PIPE, chosen) as process:
        _, complaint = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert Path(file).name in complaint
    assert complaint.count("\n") == 1
    said = complaint.strip().replace(f"{folder}{os.sep}", "")
    note(f"The {name} is damaged at the start", "no connection; exit code 1", f"“{said}”")


def test_clients_draw_out_their_header(films: list[bytes], note: Note) -> None:
    with served() as service:
        crowd = Crowd(service, films)
        url = httpx.URL(service.address)
        slow = [socket.create_connection((url.host, url.port or 0), 60) for _ in range(200)]
        for connection in slow:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: here\r\nX-A: b")
        answers = crowd.all(8, 10)
        said = []
        for connection in slow:
            with connection, connection.makefile("rb") as received:
                said.append(received.readline())

    assert {it.status for it in answers} == {200}
    assert all(it.is_right for it in answers)
    assert set(said) == {b"HTTP/1.1 408 Request Timeout\r\n"}
    refused = [line for line in service.log("refused") if line["problem"] == "header-too-slow"]
    assert len(refused) == 200
    note(
        "200 clients send half a header (slow loris)",
        f"they: 200 × 408 `header-too-slow`; others meanwhile: {told(answers)}", "`refused`",
    )  # fmt: skip


def test_clients_go_while_they_upload(films: list[bytes], note: Note) -> None:
    # As many as there are places, three times over: none may stay taken.
    with served({"COVIDXRAY_MAX_IN_FLIGHT": "8"}) as service:
        crowd = Crowd(service, films)
        url = httpx.URL(service.address)
        head = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
        for _ in range(3):
            going = [socket.create_connection((url.host, url.port or 0), 60) for _ in range(16)]
            for connection in going:
                connection.sendall(head % len(films[0]) + films[0][:1000])
                connection.close()
            wait_until(lambda: service.in_flight() == 0)
        answers = crowd.all(4, 10)

    gone = [line for line in service.log("request") if line["status"] == 499]
    refused = [line for line in service.log("request") if line["status"] == 503]
    assert len(gone) + len(refused) == 48
    assert len(gone) >= 24
    assert service.problems() == refused
    assert {it.status for it in answers} == {200}
    assert all(it.is_right for it in answers)
    note(
        "48 clients go while they upload", f"others: {told(answers)}",
        "`request` with `status` 499",
    )  # fmt: skip


def test_images_are_cut_off_or_bombs(
    films: list[bytes], note: Note, blank: Callable[[int, int], bytes]
) -> None:
    bomb = blank(20_000, 20_000)
    sent = [*(film[: len(film) // 2] for film in films), bomb] * 10
    with served() as service:
        crowd = Crowd(service, films)
        memory = {worker: psutil.Process(worker).memory_info().rss for worker in service.workers}
        with crowd.asking(4, 15) as asked, httpx.Client(timeout=PATIENCE_S) as client:
            said = [client.post(f"{service.address}/predict", content=it) for it in sent]
        answers = [answer for it in asked for answer in it.result()]
        added = max(
            psutil.Process(worker).memory_info().rss - before for worker, before in memory.items()
        )

    problems = [it.json()["type"] for it in said]
    logged = [line["problem"] for line in service.log("request") if "problem" in line]
    assert [f"/problems/{it}" for it in logged] == problems
    assert problems == [*["/problems/unreadable-image"] * 3, "/problems/too-many-pixels"] * 10
    assert {it.status for it in answers} == {200}
    assert all(it.is_right for it in answers)
    assert service.problems() == []
    assert added < 20_000 * 20_000  # It was never decoded.
    note(
        "Images that are cut off, and bombs",
        "they: 30 × 422 `unreadable-image`, 10 × 413 `too-many-pixels`; "
        f"others meanwhile: {told(answers)}",
        "`request` with `problem`",
    )  # fmt: skip


def test_five_times_as_many_ask_as_can_be_served(films: list[bytes], note: Note) -> None:
    with served({"COVIDXRAY_MAX_IN_FLIGHT": "4"}) as service:
        crowd = Crowd(service, films)
        answers = crowd.all(40, 20)
        after = crowd.all(2, 10)

    assert len(answers) == 800
    refused = [line for line in service.log("request") if line.get("problem") == "overloaded"]
    assert len(refused) == sum(it.status == 503 for it in answers)
    assert {(it.status, it.says) for it in answers if it.status != 200} <= {(503, "overloaded")}
    assert all(it.is_right for it in answers)
    assert sum(it.status == 200 for it in answers) > 8
    assert {it.status for it in after} == {200}
    note(
        "Five times as many requests at once as are admitted", told(answers),
        "`request` with `problem: overloaded`",
    )  # fmt: skip


def test_a_stop_under_load_answers_what_was_accepted(films: list[bytes], note: Note) -> None:
    with served() as service:
        crowd = Crowd(service, films)
        with crowd.asking(16, 100) as asked:
            service.process.send_signal(signal.SIGTERM)
        answers = [answer for it in asked for answer in it.result()]
        service.process.wait(PATIENCE_S)

    assert service.process.returncode == 0
    assert all(it.is_right for it in answers)
    assert {it.status for it in answers} <= {200, None}
    # Whoever has no answer was not taken: the service has not seen the request.
    accepted = {line["request_id"] for line in service.log("request")}
    unanswered = {it.name for it in answers if it.status is None}
    assert accepted & unanswered == set()
    assert len(service.log("Application shutdown complete.")) == 2
    seen = [it for it in answers if it.status]
    note(
        "A stop (SIGTERM) under load",
        f"accepted: {told(seen)}; {len(unanswered)} × not accepted (connection refused or reset)",
        "`Application shutdown complete.`",
    )  # fmt: skip
