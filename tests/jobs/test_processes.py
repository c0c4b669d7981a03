"""Jobs of `covidxray serve --workers 2`, which ends as it will."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.serving.test_processes import ready, serving
from tests.waiting import PATIENCE_S, wait_until

COUNT = 16


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "COVIDXRAY_JOBS": str(tmp_path / "jobs"),
        "COVIDXRAY_RECORDS": str(tmp_path / "records.sqlite"),
        "COVIDXRAY_RECORD_SCREENINGS": "on",
    }


@contextmanager
def service(environment: dict[str, str]) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    with serving(environment=environment) as process:
        address, _ = ready(process)
        with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            yield client, psutil.Process(process.pid)
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def handed_in(client: httpx.Client, film: bytes) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for number in range(COUNT // 2):
            zipped.writestr(f"{number}.png", film)
    files = [("file", (f"{number}.png", film)) for number in range(COUNT // 2)]
    files.append(("file", ("study.zip", archive.getvalue())))
    answer = client.post("/v1/jobs", files=files, headers={"X-Request-ID": "night"})
    assert answer.status_code == 202
    return answer.headers["location"]


def ended(client: httpx.Client, place: str) -> dict[str, Any]:
    job: dict[str, Any] = {}

    def has_ended() -> bool:
        job.update(client.get(place).json())
        return bool(job["state"] == "ended")

    wait_until(has_ended)
    return job


def recorded(client: httpx.Client) -> list[str]:
    """Return the request ids of all recorded screenings."""
    found = client.get("/screenings?limit=200").json()["screenings"]
    return [it["request_id"] for it in found]


def test_two_processes_share_the_films_and_none_is_screened_twice(
    environment: dict[str, str], film: bytes
) -> None:
    with service(environment) as (client, _):
        job = ended(client, handed_in(client, film))
        wait_until(lambda: len(recorded(client)) >= COUNT)
        names = recorded(client)

    assert [item["index"] for item in job["answers"]] == list(range(COUNT))
    assert job["problems"] == 0
    assert sorted(names) == sorted(f"night.{number}" for number in range(COUNT))


def test_nothing_that_was_acknowledged_is_lost_by_kill_9(
    environment: dict[str, str], film: bytes, tmp_path: Path
) -> None:
    with service(environment) as (client, process):
        place = handed_in(client, film)
        wait_until(lambda: client.get(place).json()["answered"])
        for one in [process, *process.children(recursive=True)]:
            one.kill()
    with service(environment) as (client, _):
        job = ended(client, place)

    assert [item["index"] for item in job["answers"]] == list(range(COUNT))
    assert job["problems"] == 0
    assert [path for path in (tmp_path / "jobs" / "films").rglob("*") if path.is_file()] == []
