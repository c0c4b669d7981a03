from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from covidxray_api.api.routers.page import WEB


def test_the_page_may_load_nothing_from_elsewhere(service: httpx.Client) -> None:
    answer = service.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/web/icons.svg"])
def test_what_the_page_is_made_of_is_kept_and_asked_about_each_time(
    service: httpx.Client, path: str
) -> None:
    first = service.get(path)

    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert first.headers["cache-control"] == "no-cache"
    again = service.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_file_that_the_page_does_not_have_is_a_problem(service: httpx.Client) -> None:
    assert service.get("/web/none.js").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", sorted(WEB.glob("*.*")), ids=lambda path: path.name)
def test_a_file_of_the_page_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 200


def test_what_the_page_names_is_served(service: httpx.Client) -> None:
    names = re.findall(r'(?:src|href)="(web/[^"]+)"', service.get("/").text)

    assert len(names) >= 2
    for name in names:
        assert service.get(f"/{name}").status_code == 200


@pytest.mark.parametrize("path", sorted(WEB.glob("*.*")), ids=lambda path: path.name)
def test_no_file_of_the_page_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_the_api_can_be_explored_without_the_web(service: httpx.Client) -> None:
    page = service.get("/docs")

    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert service.get(urljoin("/docs", address)).status_code == 200
