"""What browsers are told, and which pages of other origins may call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

RIS = "https://ris.hospital.example"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/web/app.js"),
        ("GET", "/docs"),
        ("GET", "/static-offline-docs/swagger-ui.css"),
        ("GET", "/openapi.json"),
        ("GET", "/models"),
        ("GET", "/health"),
        ("GET", "/none"),
        ("PUT", "/predict"),
        ("POST", "/predict"),
        ("OPTIONS", "/predict"),
    ],
)
def test_every_answer_keeps_browsers_within_bounds(
    service: httpx.Client, method: str, path: str
) -> None:
    headers = service.request(method, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] in {"no-store", "no-cache", "private, no-cache"}
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "strict-transport-security" not in headers
    for name in ("content-security-policy", "cache-control", "x-content-type-options"):
        assert len(headers.get_list(name)) == 1


def test_scripts_of_the_pages_are_those_that_come_with_them(service: httpx.Client) -> None:
    for path in ("/", "/docs"):
        policy = service.get(path).headers["content-security-policy"]
        (scripts,) = [part for part in policy.split("; ") if part.startswith("script-src")]
        assert "unsafe" not in scripts


class TestOtherOrigins:
    @pytest.fixture(scope="class")
    @classmethod
    def opened(
        cls, serve: Serve, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[httpx.Client]:
        path = tmp_path_factory.mktemp("keys") / "keys.json"
        key = Keys(path).create("ris", ["predict"])
        settings = Settings(cors_origins=f"{RIS} http://localhost:3000", keys=path)
        with serve(settings) as client:
            client.headers["X-API-Key"] = key
            yield client

    def test_none_may_call_unless_named(self, service: httpx.Client) -> None:
        answer = service.get("/models", headers={"Origin": RIS})
        asked = service.options(
            "/predict", headers={"Origin": RIS, "Access-Control-Request-Method": "POST"}
        )

        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in asked.headers
        assert asked.status_code == 405

    def test_one_that_is_named_may(self, opened: httpx.Client) -> None:
        answer = opened.get("/models", headers={"Origin": RIS})

        assert answer.headers["access-control-allow-origin"] == RIS
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]

    def test_another_may_not(self, opened: httpx.Client) -> None:
        for origin in ("https://ris.hospital.example.evil.example", "null", "http://localhost:1"):
            answer = opened.get("/models", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers

    def test_a_browser_asks_beforehand_without_a_key(self, opened: httpx.Client) -> None:
        answer = httpx.options(
            opened.base_url.join("/predict"),
            headers={
                "Origin": RIS,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, content-type, x-request-id",
            },
        )

        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == RIS
        assert "POST" in answer.headers["access-control-allow-methods"]

    def test_the_pages_of_others_read_problems_too(self, opened: httpx.Client) -> None:
        answer = httpx.get(opened.base_url.join("/models"), headers={"Origin": RIS})

        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == RIS


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example", "ris.example", "https://a/b", "null"]
)
def test_what_names_no_origin_is_refused(origins: str) -> None:
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(cors_origins=origins)


def test_origins_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVIDXRAY_CORS_ORIGINS", f"{RIS}  http://localhost:3000")

    settings = Settings()
    assert settings.cors_origins == (RIS, "http://localhost:3000")
    # As they are handed down to the processes that serve.
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


REQUESTS = {
    "/predict": "POST",
    "/predict/batch": "POST",
    "/validate": "POST",
    "/explain": "POST",
    "/report": "POST",
    "/preview": "POST",
    "/models": "GET",
    "/models/{name}/card": "GET",
    "/health": "GET",
    "/health/live": "GET",
    "/health/ready": "GET",
    "/metrics": "GET",
    "/problems/{slug}": "GET",
    "/drift": "GET",
}


@pytest.mark.parametrize("path", list(REQUESTS))
def test_the_language_of_an_answer_is_stated_where_the_description_says_so(
    service: httpx.Client, film: bytes, path: str
) -> None:
    method = REQUESTS[path]
    address = path.format(name="multi-source", slug="overloaded")
    described = service.get("/openapi.json").json()["paths"][path][method.lower()]["responses"]
    files = {"file": film} if method == "POST" else None

    answer = service.request(method, address, files=files, headers={"Accept-Language": "es"})

    documented = described[str(answer.status_code)]["headers"]
    assert ("content-language" in answer.headers) == ("Content-Language" in documented)


@pytest.mark.parametrize("path", ["/nowhere", "/problems/none", "/predict"])
def test_every_problem_states_its_language(service: httpx.Client, path: str) -> None:
    answer = service.get(path, headers={"Accept-Language": "es"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "es"
