"""Radiographs that are handed in now and answered later."""

from __future__ import annotations

import hmac
import io
import json
import threading
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.test_metrics import figures
from tests.conftest import Serve, ServeWith, WaitingEngine
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.api.server import check
from covidxray_api.errors import InvalidConfiguration, RecordsUnavailable
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

LABELS = ("normal", "covid_19", "viral_pneumonia")
Sent = list[tuple[str, tuple[str, bytes]]]
SECRET = b64encode(bytes(range(32))).decode()


@pytest.fixture
def films(examples: Path) -> Sent:
    return [("file", (f"{name}.png", (examples / f"{name}.png").read_bytes())) for name in LABELS]


@pytest.fixture
def client(serve: Serve, tmp_path: Path) -> Iterator[httpx.Client]:
    with serve(Settings(jobs=tmp_path / "jobs")) as client:
        yield client


def ended(client: httpx.Client, place: str, **options: Any) -> dict[str, Any]:
    """Return a job once it has ended."""
    job: dict[str, Any] = {}

    def has_ended() -> bool:
        job.update(client.get(place, **options).json())
        return bool(job["state"] == "ended")

    wait_until(has_ended)
    return job


def test_each_file_gets_the_answer_that_it_would_get_alone(
    client: httpx.Client, films: Sent, tmp_path: Path
) -> None:
    headers = {"X-Request-ID": "ward-3", "X-Reference": "ACC-1", "Accept-Language": "es"}
    answer = client.post(
        "/v1/jobs", files=films, data={"operating_point": "specific"}, headers=headers
    )

    assert answer.status_code == 202
    assert answer.json()["files"] == 3
    place = answer.headers["location"]
    assert place == f"/v1/jobs/{answer.json()['id']}"
    job = ended(client, place)
    assert (job["answered"], job["problems"], job["webhook"]) == (3, 0, None)
    assert job["created_at"] <= job["ended_at"] < job["erased_at"]
    for item, (_, (name, data)) in zip(job["answers"], films, strict=True):
        alone = client.post(
            "/predict?operating_point=specific", content=data, headers=headers
        ).json()
        assert item["filename"] == name
        assert item["prediction"]["request_id"] == f"ward-3.{item['index']}"
        same = {"request_id": ""}
        assert item["prediction"] | same == alone | same
    assert [path for path in (tmp_path / "jobs" / "films").rglob("*") if path.is_file()] == []


def test_a_bad_file_costs_no_other_its_answer(client: httpx.Client, films: Sent) -> None:
    sent = [("file", ("text.png", b"text")), films[0], ("file", ("empty.png", b""))]
    answer = client.post("/jobs", files=sent, headers={"Accept-Language": "es"})

    job = ended(client, answer.headers["location"])

    assert job["problems"] == 2
    assert [item["problem"] and item["problem"]["type"] for item in job["answers"]] == [
        "/problems/unsupported-format",
        None,
        "/problems/empty-file",
    ]
    assert job["answers"][0]["problem"]["title"] == "Formato de archivo no admitido"


def test_answers_come_as_lines(client: httpx.Client, films: Sent) -> None:
    place = client.post("/jobs", files=films).headers["location"]
    ended(client, place)

    answer = client.get(place, headers={"Accept": "application/x-ndjson"})

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-language"] == "en"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert lines[0]["prediction"]["predicted_label"] == "normal"


def packed(films: Sent) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for _, (name, data) in films:
            zipped.writestr(f"series/{name}", data)
    return archive.getvalue()


class TestArchive:
    def test_its_members_are_answered_in_their_place(
        self, client: httpx.Client, films: Sent
    ) -> None:
        archive = packed([films[1], ("file", ("text", b"text")), films[2]])
        sent = [films[0], ("file", ("study.zip", archive)), films[0]]

        answer = client.post("/jobs", files=sent)
        job = ended(client, answer.headers["location"])

        assert answer.json()["files"] == job["answered"] == 5
        assert [item["filename"] for item in job["answers"]] == [
            "normal.png",
            "study.zip/series/covid_19.png",
            "study.zip/series/text",
            "study.zip/series/viral_pneumonia.png",
            "normal.png",
        ]
        found = [item["prediction"] or item["problem"] for item in job["answers"]]
        assert found.pop(2)["type"] == "/problems/unsupported-format"
        assert [it["predicted_label"] for it in found] == [*LABELS, "normal"]

    def test_no_name_of_a_member_is_logged(
        self, client: httpx.Client, films: Sent, capfd: pytest.CaptureFixture[str]
    ) -> None:
        archive = packed([("file", (f"NUÑEZ/{name}.png", b"text")) for name in "ab"])
        damaged = archive.replace(b"NU", b"XU", 1)

        for data in (archive, damaged):
            files = {"file": ("NUÑEZ.zip", data)}
            job = ended(client, client.post("/jobs", files=files).headers["location"])
            assert job["problems"] == 2

        told = capfd.readouterr()
        assert "/jobs" in told.out
        assert "UÑEZ" not in told.out + told.err

    def test_without_a_name_its_members_have_theirs(
        self, client: httpx.Client, films: Sent
    ) -> None:
        place = client.post("/jobs", files={"file": packed(films[:1])}).headers["location"]

        (item,) = ended(client, place)["answers"]
        assert item["filename"] == "upload/series/normal.png"

    @pytest.mark.parametrize(
        ("damage", "problem"),
        [
            (lambda data: data[: len(data) // 2], "unreadable-image"),
            (lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"), "unreadable-image"),
            (lambda _: packed([]), "empty-file"),
        ],
    )
    def test_one_that_holds_nothing_has_its_problem(
        self, client: httpx.Client, films: Sent, damage: Callable[[bytes], bytes], problem: str
    ) -> None:
        sent = [("file", ("study.zip", damage(packed(films)))), films[0]]

        job = ended(client, client.post("/jobs", files=sent).headers["location"])

        assert [item["filename"] for item in job["answers"]] == ["study.zip", "normal.png"]
        assert job["answers"][0]["problem"]["type"] == f"/problems/{problem}"
        assert job["answers"][1]["prediction"]["predicted_label"] == "normal"

    def test_a_bomb_is_refused_and_nothing_of_it_kept(
        self, serve: Serve, films: Sent, tmp_path: Path
    ) -> None:
        nothing = [("file", (f"{number}.dcm", bytes(400_000))) for number in range(4)]
        settings = Settings(jobs=tmp_path / "jobs", max_body_bytes=300_000, jobs_max_bytes=900_000)
        with serve(settings) as client:
            kept = client.post(
                "/jobs", files=[*films[:1], ("file", ("a.zip", packed(nothing[:1])))]
            )
            refused = client.post("/jobs", files=[*films[:1], ("file", ("a.zip", packed(nothing)))])
            job = ended(client, kept.headers["location"])

        assert job["answers"][1]["problem"]["type"] == "/problems/body-too-large"
        assert refused.status_code == 413
        assert refused.json()["type"] == "/problems/body-too-large"
        assert not any(path.is_file() for path in (tmp_path / "jobs" / "films").rglob("*"))

    def test_it_has_no_more_members_than_a_job_may(
        self, serve: Serve, films: Sent, tmp_path: Path
    ) -> None:
        settings = Settings(jobs=tmp_path / "jobs", jobs_max_files=3)
        with serve(settings) as client:
            in_all = client.post("/jobs", files=[("file", ("a.zip", packed(films))), films[0]])
            in_one = client.post("/jobs", files={"file": packed([*films, ("", ("4.png", b""))])})

        for answer in (in_all, in_one):
            assert answer.status_code == 400
            assert "more than 3" in answer.json()["detail"]
        assert list((tmp_path / "jobs" / "films").iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "status", "problem"),
    [
        ({"model": "none"}, 404, "unknown-model"),
        ({"operating_point": "none"}, 400, "unknown-operating-point"),
        ({"webhook": "https://ris.hospital.example/"}, 400, "invalid-request"),
        ({"webhok": "x"}, 400, "invalid-request"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    client: httpx.Client, films: Sent, parameters: dict[str, str], status: int, problem: str
) -> None:
    answer = client.post("/jobs", files=films, params=parameters)

    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{problem}"


def test_a_cancelled_job_is_gone(client: httpx.Client, films: Sent) -> None:
    place = client.post("/jobs", files=films).headers["location"]

    assert client.delete(place).status_code == 204
    for method in ("GET", "DELETE"):
        again = client.request(method, place)
        assert again.status_code == 404
        assert again.json()["type"] == "/problems/unknown-job"


def test_without_a_folder_there_are_no_jobs(service: httpx.Client, films: Sent) -> None:
    for answer in (service.post("/jobs", files=films), service.get("/jobs/none")):
        assert answer.status_code == 404
        assert "COVIDXRAY_JOBS" in answer.json()["detail"]


def test_films_let_requests_go_first_and_are_not_starved(
    serve_with: ServeWith, films: Sent, tmp_path: Path
) -> None:
    engine = WaitingEngine()
    settings = Settings(jobs=tmp_path / "jobs", gate="ssim", threads=2)
    with serve_with(settings, engine) as client, ThreadPoolExecutor() as pool:
        engine.warm_up(client)
        asked = pool.submit(httpx.post, f"{client.base_url}/predict", content=films[0][1][1])
        assert engine.begun.acquire(timeout=PATIENCE_S)
        place = client.post("/jobs", files=films).headers["location"]
        before = client.get(place).json()["state"]
        # The request is still in flight: a film takes its turn all the same.
        wait_until(lambda: client.get(place).json()["state"] == "running")
        engine.go.set()
        job = ended(client, place)

        assert asked.result().status_code == 200
    assert before == "queued"
    assert job["answered"] == 3


def test_operators_see_what_waits(serve_with: ServeWith, films: Sent, tmp_path: Path) -> None:
    engine = WaitingEngine()
    with serve_with(Settings(jobs=tmp_path / "jobs", gate="ssim"), engine) as client:
        engine.warm_up(client)
        places = [client.post("/jobs", files=films).headers["location"] for _ in range(2)]
        wait_until(lambda: client.get(places[0]).json()["state"] == "running")
        before = figures(client)
        engine.go.set()
        for place in places:
            ended(client, place)
        after = figures(client)

    assert before["covidxray_jobs"] == {("queued",): 1, ("running",): 1}
    assert before["covidxray_jobs_films"] == {("waiting",): 5, ("running",): 1}
    ages = before["covidxray_jobs_oldest_seconds"]
    assert ages["running",] >= ages["queued",] > 0
    for name in ("covidxray_jobs", "covidxray_jobs_films", "covidxray_jobs_oldest_seconds"):
        assert set(after[name].values()) == {0}


def test_a_full_queue_refuses(serve_with: ServeWith, films: Sent, tmp_path: Path) -> None:
    engine = WaitingEngine()
    settings = Settings(jobs=tmp_path / "jobs", jobs_max_files=3, gate="ssim")
    with serve_with(settings, engine) as client:
        engine.warm_up(client)
        place = client.post("/jobs", files=films).headers["location"]
        full = client.post("/jobs", files=films[:1])
        many = client.post("/jobs", files=[*films, films[0]])
        engine.go.set()
        ended(client, place)
        again = client.post("/jobs", files=films)

    assert full.status_code == 503
    assert full.json()["type"] == "/problems/jobs-unavailable"
    assert int(full.headers["retry-after"]) > 0
    assert many.status_code == 400
    assert again.status_code == 202


def test_a_job_is_for_who_made_it(serve: Serve, films: Sent, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    first, second, other = (
        {"X-API-Key": keys.create(name, [scope])}
        for name, scope in (("a", "predict"), ("b", "predict"), ("c", "metrics"))
    )
    with serve(Settings(jobs=tmp_path / "jobs", keys=tmp_path / "keys.json")) as client:
        place = client.post("/jobs", files=films[:1], headers=first).headers["location"]
        told = [client.get(place, headers=headers).status_code for headers in (second, other, {})]
        kept = client.delete(place, headers=second).status_code
        job = ended(client, place, headers=first)

    assert told == [404, 403, 401]
    assert kept == 404
    assert job["answered"] == 1


def test_a_film_that_cannot_be_recorded_waits(
    serve_at_once: Serve, films: Sent, tmp_path: Path, wait_until_ready: Callable[..., None]
) -> None:
    tries: list[int] = []

    class Away(Screener):
        def screen(self, data: bytes, *arguments: Any) -> Any:
            tries.append(len(data))
            if len(tries) < 3:
                raise RecordsUnavailable("required")
            return super().screen(data, *arguments)

    with serve_at_once(Settings(jobs=tmp_path / "jobs"), Away.from_settings) as client:
        wait_until_ready(client)
        job = ended(client, client.post("/jobs", files=films[:1]).headers["location"])

    assert len(tries) == 3
    assert job["problems"] == 0


class TestWebhook:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret"
        path.write_text(f"whsec_{SECRET}\n")
        return path

    def test_who_asked_is_called_once_the_job_has_ended(
        self, serve: Serve, films: Sent, tmp_path: Path, secret: Path
    ) -> None:
        with receiver(204) as (origin, received):
            settings = Settings(
                jobs=tmp_path / "jobs", webhook_origins=origin, webhook_secret=secret
            )
            with serve(settings) as client:
                webhook = {"webhook": f"{origin}/told?by=us"}
                place = client.post("/jobs", files=films[:1], data=webhook).headers["location"]
                wait_until(lambda: client.get(place).json()["webhook"] == "delivered")
                job = client.get(place).json()

        ((path, headers, body),) = received
        assert path == "/told?by=us"
        assert json.loads(body) == {"type": "job.ended", "data": {"id": job["id"]}}
        assert headers["webhook-id"] == job["id"]
        said = b".".join([job["id"].encode(), headers["webhook-timestamp"].encode(), body])
        signature = b64encode(hmac.digest(b64decode(SECRET), said, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"

    def test_a_receiver_that_fails_is_called_again_later(
        self, serve: Serve, films: Sent, tmp_path: Path, secret: Path
    ) -> None:
        with receiver(302) as (origin, received):
            settings = Settings(
                jobs=tmp_path / "jobs", webhook_origins=origin, webhook_secret=secret
            )
            with serve(settings) as client:
                webhook = {"webhook": f"{origin}/"}
                place = client.post("/jobs", files=films[:1], data=webhook).headers["location"]
                wait_until(lambda: received)
                job = ended(client, place)

        assert job["webhook"] == "waiting"
        assert len(received) == 1

    def test_who_may_be_called_and_the_secret_need_each_other(self, secret: Path) -> None:
        check(Settings(webhook_origins=("https://a.example",), webhook_secret=secret))
        for half in (
            Settings(webhook_origins=("https://a.example",)),
            Settings(webhook_secret=secret),
        ):
            with pytest.raises(InvalidConfiguration, match="webhook_half"):
                check(half)


Received = tuple[str, dict[str, str], bytes]


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, list[Received]]]:
    """Take calls; each is answered with a status, and a place to go on to."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append((self.path, headers, body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()
