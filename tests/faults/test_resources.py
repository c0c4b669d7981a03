"""Memory that runs out, a clock that jumps, a model that raises, and many mixed requests."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.faults.crowd import Crowd, Service, served, told
from tests.records.test_processes import environment, recorded
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith

pytestmark = pytest.mark.faults

Note = Callable[..., None]

MIXED_REQUESTS = int(os.environ.get("MIXED_REQUESTS", "600"))
"""How many requests of all kinds are sent; `MIXED_REQUESTS=100000 make faults` sends them all."""

BLOCK = 10_000
"""After so many of them it is told how far they are, and whether all were right."""

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""Debian's `libfaketime`, which gives a process another clock."""

DAY_S = 86_400


@pytest.fixture(scope="module")
def large(examples: Path) -> bytes:
    """A film of 56 million pixels, within the limit, whose decoding takes hundreds of megabytes."""
    stream = io.BytesIO()
    film = Image.open(examples / "normal.png").convert("L")
    film.resize((7500, 7500)).save(stream, "TIFF")
    return stream.getvalue()


def test_memory_runs_out(films: list[bytes], large: bytes, note: Note) -> None:
    with served({"COVIDXRAY_MAX_BODY_BYTES": str(2 * len(large))}) as service:
        crowd = Crowd(service, films)
        processes = [psutil.Process(worker) for worker in service.workers]
        (free, most) = processes[0].rlimit(psutil.RLIMIT_AS)
        for process in processes:
            process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + 2**26, most))
        said = []
        with httpx.Client(base_url=service.address, timeout=PATIENCE_S) as client:
            for _ in range(4):
                try:
                    said.append(client.post("/predict", content=large).json()["type"])
                except httpx.TransportError:
                    said.append("no answer")
        answers = crowd.all(4, 10)
        for worker in service.workers:
            psutil.Process(worker).rlimit(psutil.RLIMIT_AS, (free, most))
        after = crowd.all(4, 5)

    assert set(said) <= {"/problems/internal-error", "/problems/overloaded", "no answer"}
    assert all(it.is_right for it in (*answers, *after))
    assert {it.status for it in after} == {200}
    kinds = ", ".join(f"{count} × `{kind}`" for kind, count in sorted(Counter(said).items()))
    note(
        "A film needs more memory than a process may have (`RLIMIT_AS`)",
        f"it: {kinds.replace('/problems/', '')}; others: {told(answers)}",
        "`unforeseen error`, or `Child process [N] died`",
    )  # fmt: skip


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[int], dict[str, str]]:
    """Set a clock that differs by seconds, and return the environment in which it holds."""
    file = tmp_path / "clock"

    def set_to(seconds: int) -> dict[str, str]:
        file.write_text(f"{seconds:+d}\n")
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    return set_to


@pytest.mark.skipif(not FAKETIME.is_file(), reason="needs Debian's libfaketime")
def test_the_clock_jumps(
    films: list[bytes], note: Note, clock: Callable[[int], dict[str, str]], tmp_path: Path
) -> None:
    place, key = tmp_path / "records.sqlite", tmp_path / "records.key"
    fake = clock(0)
    with served(environment(place, key, "required") | fake) as service:
        crowd = Crowd(service, films)
        before = service.workers
        answers = []
        for seconds in (DAY_S, -DAY_S, 0):
            clock(seconds)
            answers += crowd.all(4, 5)
        assert service.workers == before
        assert service.problems() == []
        days = {line["timestamp"][:10] for line in service.log("request")}

    assert len(days) == 3  # It did jump.
    assert {it.status for it in answers} == {200}
    assert all(it.is_right for it in answers)
    assert recorded(place, key) >= {it.name for it in answers}
    note("The clock jumps a day ahead, then two back, under load", told(answers), "–")


class Raising:
    """An engine that fails at every other film."""

    def __init__(self) -> None:
        self._asked = 0

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        self._asked += 1
        if self._asked > 2 and self._asked % 2:  # After the start: probe and warm-up.
            raise RuntimeError("The network cannot be computed.")
        return np.full((len(tensor), 3), 1 / 3, dtype=np.float32)


def test_the_model_raises(
    serve_with: ServeWith,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
    note: Note,
) -> None:
    with serve_with(Settings(), Raising()) as client:
        wait_until_ready(client)
        said = [client.post("/predict", content=film) for _ in range(20)]
        ready = client.get("/health/ready")

    statuses = Counter(it.status_code for it in said)
    assert statuses == {200: 10, 500: 10}
    problems = {it.json()["type"] for it in said if it.status_code == 500}
    assert problems == {"/problems/internal-error"}
    assert all("cannot be computed" not in it.text for it in said)
    assert ready.status_code == 200
    note(
        "The model raises at every other film", "10 × 200, 10 × 500 `internal-error`",
        "`unforeseen error` with a traceback",
    )  # fmt: skip


def mixture(films: list[bytes], blank: Callable[[int, int], bytes]) -> list[tuple[str, bytes, int]]:
    """Return paths, bodies and the status that is right for each."""
    return [
        *(("/predict", film, 200) for film in films),
        ("/validate", films[0], 200),
        ("/predict?operating_point=screening", films[1], 200),
        ("/predict?model=none", films[2], 404),
        ("/predict?unknown=1", films[0], 400),
        ("/predict", films[1][: len(films[1]) // 2], 422),
        ("/predict", blank(9000, 9000), 413),
        ("/predict", b"no image", 415),
        ("/predict", b"", 400),
        ("/preview", films[2], 200),
        ("/nowhere", b"x", 404),
    ]


@pytest.mark.timeout(300 + MIXED_REQUESTS // 20)
def test_many_mixed_requests(
    films: list[bytes],
    blank: Callable[[int, int], bytes],
    note: Note,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sent = mixture(films, blank)
    statuses: Counter[int] = Counter()

    def repeat(service: Service, numbers: range) -> list[tuple[int, bool]]:
        answers = []
        with httpx.Client(base_url=service.address, timeout=PATIENCE_S) as client:
            for number in numbers:
                path, body, right = sent[number % len(sent)]
                name = f"mixed-{number}"
                said = client.post(path, content=body, headers={"X-Request-ID": name})
                expected = said.headers["X-Request-ID"] == name and said.status_code == right
                answers.append((said.status_code, expected))
        return answers

    with served() as service, ExitStack() as stack:
        before = service.workers
        pool = stack.enter_context(ThreadPoolExecutor(4))
        for first in range(0, MIXED_REQUESTS, BLOCK):
            last = min(first + BLOCK, MIXED_REQUESTS)
            shares = [range(first + share, last, 4) for share in range(4)]
            answers = [it for found in pool.map(repeat, [service] * 4, shares) for it in found]
            statuses.update(status for status, _ in answers)
            wrong = Counter(status for status, expected in answers if not expected)
            assert not wrong, f"{first:,} to {last:,}: {wrong}"
            if last < MIXED_REQUESTS:
                with capfd.disabled():
                    print(f"{last:,} of {MIXED_REQUESTS:,} requests of all kinds", flush=True)
        wait_until(lambda: service.in_flight() == 0)
        assert service.workers == before

    assert statuses.total() == MIXED_REQUESTS
    note(
        f"{MIXED_REQUESTS:,} requests of all kinds",
        ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())), "`request`",
    )  # fmt: skip
