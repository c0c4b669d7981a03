"""The record of screenings, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.waiting import wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]


def settings(folder: Path, **others: Any) -> Settings:
    return Settings(records=folder / "records.sqlite", record_screenings="on", **others)


@pytest.fixture(scope="module")
def client(
    serve: Serve, film: bytes, no_film: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A service that has recorded the screenings of three films and of what is none."""
    with serve(settings(tmp_path_factory.mktemp("recorded"))) as client:
        for number, data in enumerate((film, film, film, no_film)):
            name = {"X-Request-ID": f"ward-{number}"}
            assert client.post("/predict", content=data, headers=name).status_code == 200
        client.post("/validate", content=film)
        wait_until(lambda: len(listed(client)) == 4)
        yield client


def listed(client: httpx.Client, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/screenings", params=wanted).json()["screenings"]
    return found


def feedback(number: int, **others: Any) -> dict[str, Any]:
    said = {"request_id": f"ward-{number}", "model": {"name": "multi-source", "version": "4"}}
    return said | {"predicted_label": "normal", "opinion": "agree"} | others


def test_a_record_is_of_the_answer_that_was_given(client: httpx.Client, film: bytes) -> None:
    answer = client.post("/predict", content=film, headers={"X-Request-ID": "same"}).json()
    (record,) = wait_until(lambda: listed(client, request_id="same"))

    assert record["probabilities"] == answer["probabilities"]
    assert record["predicted_label"] == answer["predicted_label"]
    assert record["prediction_set"] == answer["prediction_set"]
    assert record["conclusive"] == answer["conclusive"]
    assert record["ssim"] == answer["consistency"]["ssim"]
    assert record["gate"] == answer["consistency"]["gate"]
    assert record["model_sha256"] == answer["model"]["sha256"]
    assert record["caller"] is None
    assert record == client.get(f"/screenings/{record['number']}").json()


def test_the_same_file_has_the_same_hash_which_is_not_its_plain_one(
    client: httpx.Client, film: bytes
) -> None:
    from hashlib import sha256

    hashes = [it["image"] for it in listed(client) if it["request_id"].startswith("ward-")]

    assert len(set(hashes)) == 2
    assert sha256(film).hexdigest() not in hashes


def test_pages_follow_each_other(client: httpx.Client) -> None:
    whole = [it["number"] for it in listed(client)]
    found, before = [], None
    while True:
        asked = {"limit": 2} | ({"before": before} if before else {})
        page = client.get("/screenings", params=asked).json()
        found += [it["number"] for it in page["screenings"]]
        before = page["next"]
        if before is None:
            break

    assert found == whole == sorted(whole, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"request_id": "ward-1"}, {"ward-1"}),
        ({"since": "2999-01-01T00:00:00Z"}, set()),
        ({"until": "2020-01-01T00:00:00+01:00"}, set()),
        ({"model": "seed-cnn"}, set()),
        ({"caller": "key:ward"}, set()),
    ],
)
def test_screenings_are_filtered(
    client: httpx.Client, wanted: dict[str, str], names: set[str]
) -> None:
    assert {it["request_id"] for it in listed(client, **wanted)} == names


@pytest.mark.parametrize(
    "wanted",
    [
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"limit": "0"},
        {"limit": "201"},
        {"before": str(2**63)},
        {"modle": "seed-cnn"},
    ],
)
def test_what_cannot_be_asked_is_a_problem(client: httpx.Client, wanted: dict[str, str]) -> None:
    answer = client.get("/screenings", params=wanted)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("number", ["999", "0", "x", str(2**63)])
def test_a_screening_that_is_not_there_is_a_problem(client: httpx.Client, number: str) -> None:
    for method in ("GET", "DELETE"):
        answer = client.request(method, f"/screenings/{number}")
        assert answer.status_code in {400, 404}
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_opinion_is_joined_to_its_screening(client: httpx.Client) -> None:
    first = client.post("/feedback", json=feedback(0))
    again = client.post("/feedback", json=feedback(0))
    changed = client.post("/feedback", json=feedback(0, opinion="not_sure"))

    assert [it.status_code for it in (first, again, changed)] == [201, 200, 201]
    assert first.json()["id"] == again.json()["id"] == changed.json()["replaces"]
    (record,) = listed(client, request_id="ward-0")
    assert record["feedback"]["opinion"] == "not_sure"
    assert record["feedback"]["id"] == changed.json()["id"]


def test_an_opinion_of_an_answer_that_was_never_given_is_refused(client: httpx.Client) -> None:
    unknown = client.post("/feedback", json=feedback(99))
    otherwise = client.post(
        "/feedback", json=feedback(1, predicted_label="covid_19", opinion="disagree")
    )

    assert unknown.status_code == 404
    assert unknown.json()["type"] == "/problems/unknown-screening"
    assert "'ward-99'" in unknown.json()["detail"]
    assert otherwise.status_code == 400
    assert otherwise.json()["type"] == "/problems/contradictory-feedback"


def test_an_opinion_of_an_answer_of_a_moment_ago_is_kept(client: httpx.Client, film: bytes) -> None:
    client.post("/predict", content=film, headers={"X-Request-ID": "ward-77"})

    assert client.post("/feedback", json=feedback(77)).status_code == 201


def test_agreement_is_summed_up(client: httpx.Client) -> None:
    client.post("/feedback", json=feedback(2))

    (summed,) = client.get("/feedback/summary").json()["models"]
    assert summed["model"] == "multi-source"
    assert summed["agree"] >= 1
    low, high = summed["interval"]
    assert 0 <= low <= summed["agreement"] <= high <= 1


def test_a_record_is_erased(client: httpx.Client, film: bytes) -> None:
    client.post("/predict", content=film, headers={"X-Request-ID": "ward-88"})
    client.post("/feedback", json=feedback(88, comment="Gripe"))
    (record,) = listed(client, request_id="ward-88")
    address = f"/screenings/{record['number']}"

    assert client.delete(address).status_code == 204

    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404
    assert listed(client, request_id="ward-88") == []


def test_nothing_of_the_file_or_a_patient_is_recorded(
    serve: Serve, tmp_path: Path, film: bytes
) -> None:
    with serve(settings(tmp_path)) as client:
        form = {"file": ("LASTNAME_MRN123.png", film, "image/png")}
        assert client.post("/predict", files=form).status_code == 200
        wait_until(lambda: listed(client))
        told = json.dumps(listed(client))
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert "LASTNAME" not in told
    assert b"LASTNAME" not in kept
    assert film[1000:1100] not in kept


def test_nothing_is_recorded_where_nobody_has_asked_for_it(
    serve: Serve, tmp_path: Path, film: bytes
) -> None:
    with serve(Settings(records=tmp_path / "records.sqlite")) as client:
        assert client.post("/predict", content=film).status_code == 200
        assert client.get("/health").json()["records"] == "off"

    assert not (tmp_path / "records.key").exists()


def test_callers_are_recorded_and_only_an_administrator_may_read(
    serve: Serve, tmp_path: Path, film: bytes
) -> None:
    keys = Keys(tmp_path / "keys.json")
    ward = {"X-API-Key": keys.create("ward-3", ["predict", "feedback"])}
    admin = {"X-API-Key": keys.create("chief", ["admin"])}
    with serve(settings(tmp_path, keys=tmp_path / "keys.json")) as client:
        client.post("/predict", content=film, headers=ward)
        for path in ("/screenings", "/screenings/1", "/feedback/summary"):
            assert client.get(path, headers=ward).status_code == 403
        assert client.delete("/screenings/1", headers=ward).status_code == 403

        def found() -> Any:
            return client.get("/screenings", headers=admin).json()["screenings"]

        (record,) = wait_until(found)

    assert record["caller"] == "key:ward-3"


@pytest.mark.parametrize("how", ["on", "required"])
def test_a_database_that_is_away_is_told_and_survived(
    serve: Serve, tmp_path: Path, film: bytes, how: str
) -> None:
    place = tmp_path / "records.sqlite"
    chosen = Settings.model_validate({"records": place, "record_screenings": how})
    with serve(chosen) as client:
        assert client.post("/predict", content=film).status_code == 200
        wait_until(lambda: listed(client))
        place.rename(tmp_path / "away")
        place.mkdir()
        client.post("/predict", content=film)
        wait_until(lambda: client.get("/health").json()["records"] == "failing")
        answer = client.post("/predict", content=film)
        ready = client.get("/health/ready")
        place.rmdir()
        (tmp_path / "away").rename(place)
        wait_until(lambda: client.get("/health").json()["records"] == "ok")
        later = client.post("/predict", content=film)
        number = 4 if how == "on" else 3
        wait_until(lambda: len(listed(client)) == number)

    assert later.status_code == 200
    if how == "on":
        assert answer.status_code == ready.status_code == 200
    else:
        assert answer.status_code == ready.status_code == 503
        assert answer.json()["type"] == "/problems/records-unavailable"


def test_drift_is_told_of_enough_screenings(
    serve: Serve, tmp_path: Path, film: bytes, no_film: bytes
) -> None:
    with serve(settings(tmp_path)) as client:
        for number in range(110):
            data = no_film if number < 5 else film
            assert client.post("/predict", content=data).status_code == 200
        wait_until(lambda: len(listed(client, limit=200)) == 110)
        latest, *_, first = listed(client, limit=200)
        report = client.get("/drift").json()
        metrics = client.get("/metrics").text

    assert report["model"] == "multi-source"
    found = {it["measure"]: it for it in report["measures"]}
    assert found["score"]["radiographs"] == 105
    # All are the same composite, which no hospital's radiographs are.
    assert found["score"]["state"] == "shifted"
    assert found["score"]["index"] > found["score"]["by_chance"]
    assert found["rejected"]["radiographs"] == 110
    # A refused image has none; that of a radiograph is the network's.
    assert first["distance"] is None
    assert isinstance(latest["distance"], float)
    assert (found["distance"]["radiographs"], found["distance"]["state"]) == (105, "shifted")
    for measure in ("score", "distance"):
        assert f'covidxray_drift_shifted{{measure="{measure}"}} 1.0' in metrics


def test_an_answer_that_is_faster_than_the_records_is_recorded(
    serve_at_once: Callable[[Settings], AbstractContextManager[httpx.Client]],
    wait_until_ready: Callable[[httpx.Client], None],
    tmp_path: Path,
    film: bytes,
) -> None:
    with serve_at_once(settings(tmp_path)) as client:
        wait_until_ready(client)
        for _ in range(20):
            assert client.post("/predict", content=film).status_code == 200
        wait_until(lambda: len(listed(client)) == 20)


@pytest.mark.parametrize(("how", "status"), [("on", 200), ("required", 503)])
def test_records_that_could_never_be_kept_are_told(
    serve: Serve, tmp_path: Path, film: bytes, how: str, status: int
) -> None:
    (tmp_path / "records.sqlite").mkdir()
    chosen = {"records": tmp_path / "records.sqlite", "record_screenings": how}
    with serve(Settings.model_validate(chosen)) as client:
        assert client.post("/predict", content=film).status_code == status
        assert client.get("/health").json()["records"] == "failing"
        metrics = client.get("/metrics").text

    lost = 1.0 if how == "on" else 0.0
    assert f'covidxray_records_total{{outcome="lost"}} {lost}' in metrics
