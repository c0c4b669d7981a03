from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.waiting import wait_until

from covidxray_api.models.store import ModelStore
from covidxray_api.records.database import Database
from covidxray_api.records.opinions import Opinions
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

STORE = ModelStore(Settings().model_store)
CURRENT = STORE.get("multi-source").manifest.version
FOUR_CLASS = STORE.get("four-class").manifest.version
SAID: dict[str, Any] = {
    "request_id": "ward-3.42",
    "model": {"name": "multi-source", "version": CURRENT},
    "predicted_label": "covid_19",
    "opinion": "disagree",
    "corrected_label": "viral_pneumonia",
    "comment": "Gripe desde hace una semana; ¿bronquiolitis?",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feedback") / "new folder" / "records.sqlite"


@pytest.fixture(scope="module")
def client(serve: Serve, file: Path) -> Iterator[httpx.Client]:
    with serve(Settings(records=file)) as client:
        yield client


def test_an_opinion_is_kept(client: httpx.Client, file: Path) -> None:
    answer = client.post("/feedback", json=SAID, headers={"X-Request-ID": "another"})

    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == "another"
    kept = Opinions(Database(file)).all()[-1]
    assert answer.json() == {"id": kept.pop("id"), "request_id": "ward-3.42", "replaces": None}
    assert kept.pop("replaces") is None
    assert kept.pop("entry") == 1
    assert kept.pop("created_at").utcoffset().total_seconds() == 0
    model = {"model": "multi-source", "model_version": SAID["model"]["version"]}
    assert kept == SAID | model


@pytest.mark.parametrize(
    "said",
    [
        {"predicted_label": None, "corrected_label": "normal"},
        {"predicted_label": None, "opinion": "agree", "corrected_label": None},
        {"opinion": "agree", "corrected_label": "covid_19", "comment": None},
        {"opinion": "not_sure", "corrected_label": None, "comment": "😀" * 2000},
        {
            "model": {"name": "four-class", "version": FOUR_CLASS},
            "corrected_label": "bacterial_pneumonia",
        },
    ],
)
def test_what_else_can_be_said(client: httpx.Client, said: dict[str, Any]) -> None:
    assert client.post("/feedback", json=SAID | said).status_code == 201


def test_what_is_not_said_need_not_be_sent(client: httpx.Client) -> None:
    short = {key: SAID[key] for key in ("request_id", "model", "predicted_label", "opinion")}

    assert client.post("/feedback", json=short).status_code == 201


@pytest.mark.parametrize(
    ("said", "status", "slug", "detail"),
    [
        ({"opinion": "maybe"}, 400, "invalid-request", "'agree', 'disagree' or 'not_sure'"),
        ({"patient": "Jane Doe"}, 400, "invalid-request", "body.patient: Extra inputs"),
        ({"model": "multi-source"}, 400, "invalid-request", "body.model"),
        ({"request_id": "Jane Doe"}, 400, "invalid-request", "body.request_id"),
        ({"comment": "x" * 2001}, 400, "invalid-request", "at most 2000 characters"),
        ({"comment": "a\0b"}, 400, "invalid-request", "body.comment"),
        ({"comment": "\ud800"}, 400, "invalid-request", "body.comment"),
        ({"corrected_label": "flu"}, 400, "unknown-label", "normal, covid_19, viral_pneumonia"),
        ({"predicted_label": "flu"}, 400, "unknown-label", "normal, covid_19, viral_pneumonia"),
        ({"opinion": "agree"}, 400, "contradictory-feedback", "agrees with covid_19"),
        (
            {"opinion": "agree", "predicted_label": None},
            400,
            "contradictory-feedback",
            "agrees with the rejection",
        ),
        (
            {"corrected_label": "covid_19"},
            400,
            "contradictory-feedback",
            "disagrees with covid_19",
        ),
        ({"model": {"name": "../x", "version": "2"}}, 404, "unknown-model", "stored are: "),
        ({"model": {"name": "seed-cnn", "version": "99"}}, 404, "unknown-model", "version '99'"),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    client: httpx.Client,
    file: Path,
    said: dict[str, Any],
    status: int,
    slug: str,
    detail: str,
) -> None:
    before = len(Opinions(Database(file)).all())

    answer = client.post(
        "/feedback", content=json.dumps(SAID | said), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"
    assert detail in answer.json()["detail"]
    assert len(Opinions(Database(file)).all()) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b'"agree"', b"[" * 30_000, b"\xff\xfe"], ids=lambda body: str(body[:4])
)
def test_what_is_no_json_is_a_problem(client: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = client.post("/feedback", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("whole", [True, False], ids=["declared", "streamed"])
def test_a_body_is_read_no_further_than_needed(client: httpx.Client, whole: bool) -> None:
    chunks = [b" " * 1000] * 33
    content: Any = b"".join(chunks) if whole else iter(chunks)

    answer = client.post("/feedback", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"


def test_a_body_that_does_not_arrive_is_given_up(serve: Serve, tmp_path: Path) -> None:
    settings = Settings(deadline_s=0.2, records=tmp_path / "records.sqlite")
    head = b"POST /feedback HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n"
    with serve(settings) as client:
        address = (client.base_url.host, client.base_url.port or 80)
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(head + b"{")
            answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_the_log_has_the_opinion_and_no_words(client: httpx.Client) -> None:
    with capture_logs([merge_contextvars]) as lines:
        client.post("/feedback", json=SAID, headers={"X-Request-ID": "ward-9"})
        own = wait_until(lambda: [line for line in lines if line.get("request_id") == "ward-9"])

    (line,) = own
    assert line["opinion"] == "disagree"
    assert line["model"] == "multi-source"
    assert "Gripe" not in str(lines)


def test_films_are_screened_where_feedback_cannot_be_kept(
    serve: Serve, tmp_path: Path, film: bytes
) -> None:
    place = tmp_path / "records.sqlite"
    place.mkdir()
    with (
        capture_logs([merge_contextvars]) as lines,
        serve(Settings(records=place)) as client,
    ):
        refused = client.post("/feedback", json=SAID)
        assert client.post("/predict", content=film).json()["predicted_label"] == "normal"
        place.rmdir()
        assert client.post("/feedback", json=SAID).status_code == 201

    assert refused.status_code == 503
    problem = refused.json()
    assert problem["type"] == "/problems/records-unavailable"
    assert int(refused.headers["retry-after"]) > 0
    assert problem["detail"] == "The records' database says: unable to open database file."
    told = {line["event"]: line for line in lines if "reason" in line}
    assert told.keys() == {"records cannot be kept", "feedback was not kept"}
    assert all("unable to open database file" in line["reason"] for line in told.values())
    assert "Gripe" not in str(lines)
