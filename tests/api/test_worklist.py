"""The worklist over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.hospital.conftest import Screened, radiograph, screened, screener  # noqa: F401

from covidxray_api.hospital.results import results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.settings import Settings
from covidxray_api.texts import message

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

MADE = datetime.now(UTC)


@pytest.fixture
def client(serve: Serve, screened: Screened, tmp_path: Path) -> Iterator[httpx.Client]:  # noqa: F811
    """A service that keeps the results of two studies."""
    path = tmp_path / "results.sqlite"
    store = ResultsStore(path, hours=24)
    for name, study in (("normal", "1.2.3"), ("covid_19", "1.2.4")):
        film = screened(name, StudyInstanceUID=study)
        store.add([film], results([film], Context("en", name, MADE)), MADE, f"r-{name}")
    with serve(Settings(results=path)) as client:
        yield client


def listed(client: httpx.Client) -> list[str]:
    studies = client.get("/v1/worklist").json()["studies"]
    return [study["study_instance_uid"] for study in studies]


def test_what_is_urgent_comes_first(client: httpx.Client) -> None:
    answer = client.get("/v1/worklist", headers={"Accept-Language": "es"})
    assert answer.status_code == 200
    first, second = answer.json()["studies"]
    assert first["study_instance_uid"] == "1.2.4"
    assert first["priority"] == {
        "code": "certain_covid_19",
        "message": message("certain_covid_19", "es"),
    }
    assert (first["films"], first["read_at"], first["request_ids"]) == (1, None, ["r-covid_19"])
    assert first["pictures"][0].startswith("/dicomweb/studies/1.2.4/series/2.25.")
    assert second["priority"]["code"] == "no_sign"
    assert answer.json()["notice"] == message("notice", "es")
    assert "Ana" not in answer.text


def test_what_is_read_is_last(client: httpx.Client) -> None:
    assert client.post("/v1/worklist/1.2.4/read").status_code == 204
    assert listed(client) == ["1.2.3", "1.2.4"]
    read = client.get("/v1/worklist").json()["studies"][1]["read_at"]
    assert datetime.fromisoformat(read) >= MADE
    assert client.delete("/v1/worklist/1.2.4/read").status_code == 204
    assert listed(client) == ["1.2.4", "1.2.3"]


def test_a_study_that_is_not_there_is_said(client: httpx.Client) -> None:
    answer = client.post("/v1/worklist/9.9/read")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-result"
    assert client.post("/v1/worklist/Ana/read").status_code == 400


def test_a_service_that_keeps_no_results_says_so(service: httpx.Client) -> None:
    answer = service.get("/v1/worklist")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/results-unavailable"
    assert "COVIDXRAY_RESULTS" in answer.json()["detail"]
