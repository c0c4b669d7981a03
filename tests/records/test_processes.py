"""Records of screenings, kept by several processes."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.records.postgresql import Server
from tests.serving.test_processes import ready, serving, workers
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.records.database import Database
from covidxray_api.records.screenings import Filter, Screenings
from covidxray_api.records.secret import Secret


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "records.key"


def environment(place: Path | str, key: Path, how: str = "on") -> dict[str, str]:
    return {
        "COVIDXRAY_RECORDS": str(place),
        "COVIDXRAY_RECORDS_KEY": str(key),
        "COVIDXRAY_RECORD_SCREENINGS": how,
    }


def answered(address: str, film: bytes, number: int) -> bool:
    """Ask once, on a connection of its own, and return whether there was an answer."""
    name = {"X-Request-ID": f"ward-{number}"}
    try:
        answer = httpx.post(f"{address}/predict", content=film, headers=name, timeout=PATIENCE_S)
    except httpx.TransportError:
        return False  # The service stops.
    return answer.status_code == 200


def recorded(place: Path | str, key: Path) -> set[str]:
    """Return the requests of which there is a record; the record is as it was written."""
    screenings = Screenings(Database(place), Secret.load(key))
    assert list(screenings.tampering()) == []
    listed = [it["request_id"] for it in screenings.every(Filter())]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_each_answer_is_recorded_once_though_the_service_is_stopped_meanwhile(
    place: Path | str, key: Path, film: bytes
) -> None:
    with serving(environment=environment(place, key)) as process:
        address, _ = ready(process)
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(answered, address, film, number) for number in range(80)]
            wait_until(lambda: sum(it.done() for it in asked) > 20)
            process.send_signal(signal.SIGTERM)
            kept = {f"ward-{number}" for number, it in enumerate(asked) if it.result()}
        process.communicate()

    assert len(kept) > 20
    assert recorded(place, key) >= kept


def test_a_process_that_is_killed_loses_what_is_younger_than_a_second(
    place: Path | str, key: Path, film: bytes
) -> None:
    with serving(environment=environment(place, key)) as process:
        address, _ = ready(process)
        kept = {f"ward-{number}" for number in range(10) if answered(address, film, number)}
        screenings = Screenings(Database(place), Secret.load(key))
        wait_until(lambda: screenings.head().number == 10)
        for worker in workers(process):
            os.kill(worker, signal.SIGKILL)
        process.terminate()
        process.communicate()

    assert recorded(place, key) == kept


@pytest.mark.parametrize("how", ["on", "required"])
def test_a_database_that_is_gone_for_a_while_costs_no_record(
    server: Server, key: Path, film: bytes, how: str
) -> None:
    place = server.database()
    with serving(environment=environment(place, key, how)) as process:
        address, _ = ready(process)
        kept = {"ward-0"} if answered(address, film, 0) else set()
        server.stop()
        try:
            for number in range(1, 10):
                if answered(address, film, number):
                    kept.add(f"ward-{number}")
        finally:
            server.start()
        wait_until(lambda: answered(address, film, 99))
        kept.add("ward-99")
        process.terminate()
        process.communicate()

    assert recorded(place, key) >= kept
    assert how == "required" or len(kept) == 11


def test_a_place_that_cannot_be_written_ends_the_start(tmp_path: Path, key: Path) -> None:
    (tmp_path / "file").touch()
    unusable = {"COVIDXRAY_RECORDS": str(tmp_path / "file" / "records.sqlite")}
    with serving(stderr=subprocess.PIPE, environment=unusable) as process:
        _, complaint = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert complaint.startswith("Records unavailable: The records' folder: ")
    assert "COVIDXRAY_RECORDS" in complaint
    assert complaint.count("\n") == 1
