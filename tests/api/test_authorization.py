"""Who may call what."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.waiting import wait_until

from covidxray_api.access.keys import Keys
from covidxray_api.api.app import ROUTERS
from covidxray_api.api.routes import StrictRoute
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

NEEDED = {
    "/predict": "predict",
    "/validate": "predict",
    "/explain": "predict",
    "/preview": "predict",
    "/levels": "predict",
    "/report": "predict",
    "/models": "predict",
    "/models/{name}/card": "predict",
    "/feedback": "feedback",
    "/metrics": "metrics",
    "/drift": "admin",
    "/screenings": "admin",
    "/screenings/{number}": "admin",
    "/feedback/summary": "admin",
    "/worklist": "results",
    "/worklist/{study}/read": "results",
}
READ = {
    *("/drift", "/models", "/models/{name}/card", "/metrics"),
    *("/screenings", "/screenings/{number}", "/feedback/summary", "/worklist"),
}
OPEN = {
    *("/health", "/health/live", "/health/ready", "/problems/{slug}"),
    *("/v2", "/v2/health/live", "/v2/health/ready"),
    *("/", "/docs", "/openapi.json", "/page-logo", "/page-settings", "/studies"),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def screening(keys: Keys) -> str:
    """A key that allows to screen."""
    return keys.create("ward-3", ["predict"])


@pytest.fixture(scope="module")
def closed(serve: Serve, keys: Keys, screening: str) -> Iterator[httpx.Client]:
    """A service that asks for keys."""
    with serve(Settings(keys=keys._path)) as client:
        yield client


def test_each_route_that_is_not_open_needs_a_scope() -> None:
    needed = {
        route.path_format: route.needs if isinstance(route, StrictRoute) else None
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
    }

    assert {path: needed[path] for path in NEEDED} == NEEDED
    assert {path for path, scope in needed.items() if scope is None} == OPEN


@pytest.mark.parametrize("path", sorted(NEEDED))
def test_without_a_credential_there_is_no_answer(closed: httpx.Client, path: str) -> None:
    answer = closed.request("GET" if path in READ else "POST", path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="covidxray"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer covidxray_" + "x" * 43},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic d2FyZDpzZWNyZXQ="},
        {"Authorization": "Bearer no.token.atall"},
        {"X-API-Key": "covidxray_ñ".encode()},
        {"X-API-Key": ""},
    ],
)
def test_another_credential_opens_nothing(
    closed: httpx.Client, headers: dict[Any, Any], film: bytes
) -> None:
    answer = closed.post("/predict", content=film, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("Authorization", "Bearer "), ("Authorization", "bearer "), ("X-API-Key", "")],
)
def test_a_key_opens_what_it_allows(
    closed: httpx.Client, screening: str, film: bytes, name: str, prefix: str
) -> None:
    headers = {name: prefix + screening}

    assert closed.post("/predict", content=film, headers=headers).status_code == 200
    assert closed.get("/models", headers=headers).status_code == 200


def test_a_key_opens_no_more_than_it_allows(closed: httpx.Client, screening: str) -> None:
    headers = {"Authorization": f"Bearer {screening}", "Accept-Language": "es"}

    answer = closed.post("/feedback", json={}, headers=headers)

    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].endswith('scope="feedback"')
    assert answer.json()["type"] == "/problems/forbidden"
    assert answer.json()["detail"] == (
        "Esto requiere el permiso 'feedback'; quien llama tiene: predict."
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/web/app.js",
        "/health",
        "/health/ready",
        "/docs",
        "/openapi.json",
        "/problems/forbidden",
    ],
)
def test_what_tells_how_to_call_is_open(closed: httpx.Client, path: str) -> None:
    assert closed.get(path).status_code == 200


def test_who_may_not_call_is_refused_before_the_body_is_read(closed: httpx.Client) -> None:
    address = (closed.base_url.host, closed.base_url.port or 0)
    head = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\n"

    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_key_that_is_revoked_opens_nothing_from_then_on(closed: httpx.Client, keys: Keys) -> None:
    headers = {"X-API-Key": keys.create("for a day".replace(" ", "-"), ["predict"])}
    assert closed.get("/models", headers=headers).status_code == 200

    keys.revoke("for-a-day")

    assert closed.get("/models", headers=headers).status_code == 401


def test_keys_that_cannot_be_read_open_nothing(serve: Serve, tmp_path: Path, film: bytes) -> None:
    path = tmp_path / "keys.json"
    key = Keys(path).create("ward-3", ["predict"])
    with serve(Settings(keys=path)) as client:
        headers = {"X-API-Key": key}
        assert client.get("/models", headers=headers).status_code == 200
        path.write_text("{}garbage")

        answer = client.get("/models", headers=headers)

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/access-unavailable"
    assert answer.headers["retry-after"] == "10"
    assert str(path) not in answer.text


def test_the_log_names_the_key_and_does_not_show_it(closed: httpx.Client, screening: str) -> None:
    headers = {"X-API-Key": screening, "X-Request-ID": "ward-3.1"}
    with capture_logs([merge_contextvars]) as lines:
        closed.get("/models", headers=headers)
        wait_until(lambda: lines)

    assert lines[0]["caller"] == "key:ward-3"
    assert screening not in str(lines)


def test_an_open_service_asks_for_nothing(service: httpx.Client, film: bytes) -> None:
    headers = {"Authorization": "Bearer anything"}

    assert service.post("/predict", content=film, headers=headers).status_code == 200


def test_the_description_says_which_scope_an_operation_needs(service: httpx.Client) -> None:
    described = service.get("/openapi.json").json()

    assert described["components"]["securitySchemes"].keys() == {"bearer", "key"}
    for path, scope in NEEDED.items():
        for operation in described["paths"][path].values():
            assert operation["security"] == [{"bearer": []}, {"key": []}]
            assert operation["description"].endswith(f"Needs the scope `{scope}`.")
            assert operation["description"].count("Needs the scope") == 1
            assert {"401", "403", "503"} <= operation["responses"].keys()
    assert described["paths"]["/health"]["get"]["security"] == []
