from __future__ import annotations

import socket
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.waiting import wait_until

from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import ServeWith, WaitingEngine


def wait_for(name: str, lines: list[EventDict]) -> EventDict:
    """Return the one line of a request, which is written after its answer was sent."""
    (line,) = wait_until(lambda: [line for line in lines if line.get("request_id") == name])
    return line


@pytest.mark.parametrize("path", ["/predict", "/validate"])
def test_a_sane_name_is_kept(service: httpx.Client, film: bytes, path: str) -> None:
    name = "Ward-3.bed_42" + "x" * 115

    answer = service.post(path, content=film, headers={"X-Request-ID": name})

    assert answer.headers["x-request-id"] == name
    assert answer.json()["request_id"] == name


@pytest.mark.parametrize("name", ["", "x" * 129, "two words", "ñ", "../etc", "{}"])
def test_another_name_is_replaced(service: httpx.Client, name: str) -> None:
    answer = service.get("/health", headers={b"X-Request-ID": name.encode()})

    assert str(uuid.UUID(answer.headers["x-request-id"])) == answer.headers["x-request-id"]


def test_each_request_gets_its_own_name(service: httpx.Client) -> None:
    names = {service.get("/health/live").headers["x-request-id"] for _ in range(3)}

    assert len(names) == 3


def test_a_request_leaves_one_line_without_the_file_name(
    service: httpx.Client, film: bytes
) -> None:
    files = {"file": ("JANE_DOE_1970-01-01.png", film, "image/png")}

    with capture_logs([merge_contextvars]) as lines:
        service.post(
            "/predict",
            files=files,
            params={"model": "seed-cnn"},
            headers={"X-Request-ID": "ward-3"},
        )
        line = wait_for("ward-3", lines)

    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "model": "seed-cnn",
        "rejected": False,
        "request_id": "ward-3",
    }


def test_a_query_is_not_logged(service: httpx.Client, film: bytes) -> None:
    with capture_logs([merge_contextvars]) as lines:
        headers = {"X-Request-ID": "ward-6"}
        service.post("/predict", content=film, params={"patient": "Jane Doe"}, headers=headers)
        line = wait_for("ward-6", lines)

    assert line["status"] == 400
    assert line["path"] == "/predict"
    assert "Jane" not in str(line)


def test_a_refused_request_leaves_one_line_too(service: httpx.Client) -> None:
    with capture_logs([merge_contextvars]) as lines:
        files = {"file": ("JANE_DOE.txt", b"text")}
        service.post("/predict", files=files, headers={"X-Request-ID": "ward-4"})
        line = wait_for("ward-4", lines)

    assert line["status"] == 415
    assert "JANE" not in str(line)


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("PUT", "/predict/LASTNAME_MRN123.dcm", "/predict/{…}"),
        ("PUT", "/LASTNAME_MRN123.dcm", "/{…}"),
        ("PUT", "/LASTNAME/MRN123/", "/{…}"),
        ("GET", "/problems/LASTNAME", "/problems/{slug}"),
        ("GET", "/web/LASTNAME.js", "/web/{…}"),
        ("GET", "/static-offline-docs/LASTNAME", "/static-offline-docs/{…}"),
        ("GET", "/v1/predict/LASTNAME", "/predict/{…}"),
        ("GET", "/v2/models/LASTNAME", "/v2/models/{name}"),
        ("GET", "/v2/models/multi-source/versions/LASTNAME/no", "/v2/{…}"),
        ("GET", "/predict", "/predict"),
        ("GET", "/predict/", "/predict/{…}"),
        ("GET", "/openapi.json", "/openapi.json"),
        ("GET", "/", "/"),
        ("GET", "/health/ready", "/health/ready"),
        ("HEAD", "/health/ready", "/health/ready"),
        ("GET", "//LASTNAME", "/{…}"),
    ],
)
def test_a_path_is_logged_by_what_the_service_calls_it(
    service: httpx.Client, method: str, path: str, named: str
) -> None:
    with capture_logs([merge_contextvars]) as lines:
        # httpx would read a path that begins with two slashes as a host.
        url = f"http://{service.base_url.host}:{service.base_url.port}{path}"
        service.request(method, url, headers={"X-Request-ID": "ward-7"})
        line = wait_for("ward-7", lines)

    assert line["path"] == named
    assert "LASTNAME" not in str(lines)


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("/predict", b"", "empty-file"),
        ("/predict?model=none", b"some", "unknown-model"),
        ("/validate", b"some", "unsupported-format"),
    ],
)
def test_the_line_of_a_refusal_names_the_problem(
    service: httpx.Client, film: bytes, path: str, content: bytes, problem: str
) -> None:
    with capture_logs([merge_contextvars]) as lines:
        headers = {"X-Request-ID": "ward-8"}
        service.post(path, content=film if "none" in path else content, headers=headers)
        line = wait_for("ward-8", lines)

    assert line["problem"] == problem
    assert line["log_level"] == "info"


def test_a_failure_of_the_service_is_an_error(
    serve_with: ServeWith, engine: WaitingEngine, film: bytes
) -> None:
    with (
        capture_logs([merge_contextvars]) as lines,
        serve_with(Settings(deadline_s=0.2, max_in_flight=1), engine) as client,
    ):
        engine.warm_up(client)
        client.post("/predict", content=film, headers={"X-Request-ID": "ward-9"})
        line = wait_for("ward-9", lines)
        engine.go.set()

    assert line["status"] == 504
    assert line["problem"] == "deadline-exceeded"
    assert line["log_level"] == "error"


def test_a_sender_who_leaves_early_leaves_a_line_and_no_traceback(service: httpx.Client) -> None:
    address = (service.base_url.host, service.base_url.port or 0)
    head = b"POST /predict HTTP/1.1\r\nHost: here\r\nX-Request-ID: ward-5\r\n"
    length = b"Content-Length: 1000\r\n\r\n"

    with capture_logs([merge_contextvars]) as lines:
        with socket.create_connection(address) as connection:
            connection.sendall(head + length + b"half a film")
        line = wait_for("ward-5", lines)

    assert line["event"] == "request"
    assert line["status"] == 499
    assert line["log_level"] == "info"
    assert "problem" not in line
