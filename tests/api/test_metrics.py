from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from tests.waiting import wait_until

from covidxray_api import __version__
from covidxray_api.api.request_counter import METHODS
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


def figures(client: httpx.Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Return what is scraped: by name of the sample, then by the values of its labels, sorted."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    answer = client.get("/metrics").raise_for_status()
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.values()))] = sample.value
    return found


@pytest.fixture
def fresh(serve: Serve, tmp_path: Path) -> Iterator[httpx.Client]:
    """A service that has answered nothing yet."""
    with serve(Settings(records=tmp_path / "records.sqlite")) as client:
        yield client


def test_answers_are_counted_by_what_was_found(
    fresh: httpx.Client, film: bytes, no_film: bytes, doubtful: bytes
) -> None:
    for data in (film, film, no_film, doubtful):
        assert fresh.post("/predict", content=data).status_code == 200
    assert fresh.post("/validate", content=no_film).status_code == 200
    assert fresh.post("/predict", content=b"no image").status_code == 415

    found = figures(fresh)
    decided = found["covidxray_decisions_total"]
    assert sum(decided.values()) == 3
    assert decided["conclusive", "multi-source", "normal"] >= 2
    assert sum(found["covidxray_rejections_total"].values()) == 2
    taken = found["covidxray_stage_seconds_count"]
    assert taken == {
        ("wait",): 6, ("decode",): 5, ("gate",): 5, ("inference",): 3, ("total",): 5,
    }  # fmt: skip


def test_requests_are_counted_by_route_and_status(fresh: httpx.Client, film: bytes) -> None:
    fresh.post("/predict", content=film)
    fresh.post("/predict", content=b"no image")
    fresh.get("/problems/overloaded")
    fresh.get("/SURNAME_MRN123.dcm")
    fresh.request("GREET", "/predict")
    fresh.delete("/v1/jobs/none")

    found = figures(fresh)["covidxray_requests_total"]
    assert found["/predict", "2xx", "POST"] == 1
    assert found["/predict", "4xx", "POST"] == 1
    assert found["/problems/{slug}", "2xx", "GET"] == 1
    assert found["4xx", "GET", "unknown"] == 1
    assert found["/jobs/{job}", "4xx", "DELETE"] == 1
    assert "SURNAME" not in fresh.get("/metrics").text
    assert "GREET" not in fresh.get("/metrics").text


def test_each_method_of_the_api_is_told_apart(service: httpx.Client) -> None:
    paths = service.get("/openapi.json").json()["paths"].values()

    assert {method.upper() for methods in paths for method in methods} <= METHODS


def test_opinions_are_counted(fresh: httpx.Client) -> None:
    stored = fresh.get("/models").json()["models"]
    (version,) = (model["version"] for model in stored if model["name"] == "seed-cnn")
    said = {"request_id": "r", "model": {"name": "seed-cnn", "version": version}}
    fresh.post("/feedback", json=said | {"predicted_label": "normal", "opinion": "agree"})
    fresh.post("/feedback", json=said | {"predicted_label": "flu", "opinion": "agree"})

    assert figures(fresh)["covidxray_feedback_total"] == {("agree", "seed-cnn"): 1}


def test_what_computes_the_answers_is_named(fresh: httpx.Client) -> None:
    model = fresh.get("/health").json()["model"]

    built = figures(fresh)["covidxray_build_info"]
    assert list(built.values()) == [1]
    (labels,) = built
    assert {__version__, *model.values(), "compiled"} < set(labels)


def test_requests_in_flight_and_refused_are_counted(
    serve_with: ServeWith,
    engine: WaitingEngine,
    wait_until_ready: Callable[[httpx.Client], None],
    film: bytes,
    in_background: ThreadPoolExecutor,
) -> None:
    with serve_with(Settings(max_in_flight=1), engine) as client:
        engine.begun.acquire()
        assert client.post("/predict", content=film).status_code == 503
        engine.go.set()
        wait_until_ready(client)
        engine.go.clear()
        served = in_background.submit(client.post, "/predict", content=film)
        engine.begun.acquire()
        assert client.post("/predict", content=film).status_code == 503
        busy = figures(client)
        engine.go.set()
        assert served.result().status_code == 200
        idle = wait_until(lambda: _if_idle(figures(client)))

    assert busy["covidxray_capacity"] == {(): 1}
    assert busy["covidxray_in_flight"] == {(): 1}
    assert busy["covidxray_refused_total"] == {("not-ready",): 1, ("overloaded",): 1}
    assert idle["covidxray_refused_total"] == busy["covidxray_refused_total"]


def _if_idle(
    found: dict[str, dict[tuple[str, ...], float]],
) -> dict[str, dict[tuple[str, ...], float]]:
    return found if found["covidxray_in_flight"] == {(): 0} else {}


def test_openmetrics_are_given_to_who_asks_for_them(fresh: httpx.Client, film: bytes) -> None:
    fresh.post("/predict", content=film)

    answer = fresh.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in open_metrics(answer.text)}  # type: ignore[no-untyped-call]
    assert {"covidxray_requests", "covidxray_stage_seconds", "covidxray_build_info"} <= names
