"""The service on Ray Serve answers as the plain one, and loses nothing when a replica is lost.

The tests share a cluster, and change what it serves in their order.
"""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image
from tests.bulk.conftest import Deploy
from tests.waiting import wait_until

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def films(examples: Path) -> list[bytes]:
    """Films of several kinds and sizes, what is none, and what is no image."""
    found = [path.read_bytes() for path in sorted(examples.glob("*.png"))]
    for side, form in ((1024, "JPEG"), (300, "PNG"), (16, "PNG")):
        stream = io.BytesIO()
        Image.open(examples / "normal.png").convert("L").resize((side, side)).save(stream, form)
        found.append(stream.getvalue())
    return [*found, b"The patient is well.", b""]


@pytest.mark.parametrize("path", ["/predict", "/validate", "/explain"])
def test_answers_are_those_of_the_plain_service(
    service: httpx.Client, on_ray: httpx.Client, films: list[bytes], path: str
) -> None:
    def answer(client: httpx.Client, film: bytes) -> tuple[int, dict[str, Any]]:
        said = client.post(path, content=film, headers={"X-Request-ID": "film"})
        return said.status_code, said.json()

    for film in films:
        assert answer(on_ray, film) == answer(service, film)


def test_health_and_models_are_those_of_the_plain_service(
    service: httpx.Client, on_ray: httpx.Client
) -> None:
    for path in ("/health/ready", "/models"):
        assert on_ray.get(path).json() == service.get(path).json()


def replica(part: str) -> psutil.Process | None:
    """Return the process of a replica of a part, if there is one."""
    for process in psutil.process_iter():
        try:
            # The name of what it does may follow.
            if "".join(process.cmdline()).startswith(f"ray::ServeReplica:covidxray:{part}"):
                return process
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return None


@pytest.mark.parametrize("part", ["Intake", "Inference"])
def test_a_replica_that_is_killed_costs_no_request_its_answer(
    on_ray: httpx.Client, film: bytes, part: str
) -> None:
    killed = replica(part)
    assert killed

    def ask(_: int) -> int:
        return on_ray.post("/predict", content=film).status_code

    with ThreadPoolExecutor(4) as crowd:
        answers = [crowd.submit(ask, number) for number in range(12)]
        wait_until(lambda: any(answer.done() for answer in answers))
        killed.kill()
        answers += [crowd.submit(ask, number) for number in range(12)]

    assert {answer.result() for answer in answers} == {200}
    found = replica(part)
    assert found
    assert found.pid != killed.pid


def test_a_model_is_changed_while_requests_are_answered(
    on_ray: httpx.Client, deploy: Deploy, film: bytes
) -> None:
    changed = threading.Event()

    def ask() -> list[httpx.Response]:
        said = []
        while not changed.is_set():
            answer = on_ray.post("/predict", content=film)
            said.append(on_ray.post("/predict", content=film) if answer.is_error else answer)
        return said

    with ThreadPoolExecutor(1) as crowd:
        asked = crowd.submit(ask)
        try:
            deploy(COVIDXRAY_DEFAULT_MODEL="multi-source-fast")
        finally:
            changed.set()
        said = [*asked.result(), on_ray.post("/predict", content=film)]

    # Once asked again where the replica that speaks HTTP was changed over a request.
    assert {answer.status_code for answer in said} == {200}
    names = [answer.json()["model"]["name"] for answer in said]
    assert (names[0], names[-1]) == ("multi-source", "multi-source-fast")


def test_more_than_can_wait_are_refused_with_a_problem(deploy: Deploy, film: bytes) -> None:
    client = deploy(COVIDXRAY_MAX_IN_FLIGHT="2")
    with ThreadPoolExecutor(24) as crowd:
        answers = [crowd.submit(client.post, "/predict", content=film) for _ in range(48)]
    said = [answer.result() for answer in answers]

    refused = [answer for answer in said if answer.status_code == 503]
    assert {answer.status_code for answer in said} == {200, 503}
    assert {answer.json()["type"] for answer in refused} == {"/problems/overloaded"}
    assert all(answer.headers["Retry-After"] for answer in refused)
