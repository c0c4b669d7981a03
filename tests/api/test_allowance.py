"""How much one client may ask."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.waiting import PATIENCE_S

from covidxray_api.access.allowance import client_of
from covidxray_api.access.caller import ANYBODY, Caller
from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


def test_beyond_its_rate_a_client_waits(serve: Serve, film: bytes) -> None:
    with serve(Settings(client_rate="3/day")) as client:
        answers = [client.post("/validate", content=film) for _ in range(4)]
        # What is open to all is not counted.
        assert client.get("/health").status_code == 200

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    told = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
    assert told == ['"client";r=2', '"client";r=1', '"client";r=0', '"client";r=0']
    refused = answers[-1]
    assert refused.headers["ratelimit-policy"] == '"client";q=3;w=86400'
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].endswith(f";t={refused.headers['retry-after']}")


def test_each_key_has_a_rate_of_its_own(serve: Serve, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    first, second = keys.create("first", ["predict"]), keys.create("second", ["predict"])
    with serve(Settings(keys=tmp_path / "keys.json", client_rate="2/day")) as client:

        def status(key: str) -> int:
            return client.get("/models", headers={"X-API-Key": key}).status_code

        assert [status(first) for _ in range(3)] == [200, 200, 429]
        assert status(second) == 200
        # Who may not call at all spends nothing.
        assert [status("none") for _ in range(3)] == [401] * 3


def test_a_problem_tells_what_is_left_too(serve: Serve) -> None:
    with serve(Settings(client_rate="3/day")) as client:
        answer = client.post("/validate", content=b"no image")

    assert answer.status_code == 415
    assert answer.headers["ratelimit"].startswith('"client";r=2;')


def test_without_a_rate_nothing_is_told(service: httpx.Client) -> None:
    assert "ratelimit" not in service.get("/models").headers


def test_a_client_has_so_many_requests_at_once(
    serve_with: ServeWith,
    engine: WaitingEngine,
    film: bytes,
    in_background: ThreadPoolExecutor,
    tmp_path: Path,
) -> None:
    keys = Keys(tmp_path / "keys.json")
    mine = {"X-API-Key": keys.create("mine", ["predict"])}
    other = {"X-API-Key": keys.create("other", ["predict"])}
    settings = Settings(keys=tmp_path / "keys.json", client_in_flight=2, threads=2)
    with serve_with(settings, engine) as client:
        engine.warm_up(client)
        running = [
            in_background.submit(client.post, "/predict", content=film, headers=mine)
            for _ in range(2)
        ]
        assert engine.begun.acquire(timeout=PATIENCE_S)
        assert engine.begun.acquire(timeout=PATIENCE_S)
        assert client.get("/models", headers=mine).status_code == 429
        refused = client.post("/predict", content=film, headers=mine)
        assert client.get("/models", headers=other).status_code == 200
        engine.go.set()
        assert [answer.result().status_code for answer in running] == [200, 200]
        assert client.post("/predict", content=film, headers=mine).status_code == 200

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert "2 requests" in refused.json()["detail"]


@pytest.mark.parametrize("rate", ["0/minute", "60", "60/fortnight", "many/minute", "6.5/hour"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="client_rate"):
        Settings(client_rate=rate)


def test_who_counts_as_one_client() -> None:
    assert client_of(Caller("key:ward-3", frozenset()), "10.1.2.3") == "key:ward-3"
    assert client_of(ANYBODY, "10.1.2.3") == "10.1.2.3"
    assert client_of(ANYBODY, "2001:db8:1:2:3::4") == client_of(ANYBODY, "2001:db8:1:2::5")
    assert client_of(ANYBODY, "2001:db8:1:2::4") != client_of(ANYBODY, "2001:db8:1:3::4")
