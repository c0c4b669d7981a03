"""The service under a path prefix, behind reverse proxies of either kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urljoin

import httpx
import pytest

from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

PREFIX = "/hospital/covidxray"


class Proxy(httpx.BaseTransport):
    """Passes on requests below the prefix, and removes it if asked to."""

    def __init__(self, upstream: httpx.Client, strips: bool) -> None:
        self._upstream = upstream
        self._strips = strips

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        assert path.startswith(PREFIX)
        passed = path.removeprefix(PREFIX) or "/" if self._strips else path
        return self._upstream.request(
            request.method, passed, content=request.read(), headers=request.headers
        )


@pytest.fixture(scope="module", params=[True, False], ids=["removed", "kept"])
def client(request: pytest.FixtureRequest, serve: Serve) -> Iterator[httpx.Client]:
    """A client that sees the service below the prefix."""
    with serve(Settings(root_path=PREFIX)) as upstream:
        proxy = Proxy(upstream, request.param)
        yield httpx.Client(transport=proxy, base_url=f"http://hospital.example{PREFIX}/")


@pytest.mark.parametrize("path", ["predict", "validate", "explain", "preview", "levels", "report"])
def test_images_are_answered(client: httpx.Client, film: bytes, path: str) -> None:
    assert client.post(path, content=film).status_code == 200
    assert client.post(path, files={"file": film}).status_code == 200


@pytest.mark.parametrize("path", ["models", "health", "health/live", "health/ready"])
def test_what_is_asked_without_an_image_is_answered(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_type_of_a_problem_can_be_followed(client: httpx.Client) -> None:
    problem = client.post("predict").json()

    assert problem["type"] == f"{PREFIX}/problems/empty-file"
    meaning = client.get(urljoin(str(client.base_url), problem["type"])).json()
    assert meaning["type"] == problem["type"]
    assert meaning["title"] == problem["title"]


@pytest.mark.parametrize("path", ["", "docs"])
def test_a_page_finds_what_it_is_made_of(client: httpx.Client, path: str) -> None:
    page = client.get(path)

    assert page.status_code == 200
    names = re.findall(r'(?:src|href)="([^"#]+)', page.text)
    assert len(names) >= 2
    for name in names:
        address = urljoin(str(page.url), name)
        if not address.endswith("/docs"):
            assert client.get(address).status_code == 200


def test_the_description_names_the_prefix_as_the_server(client: httpx.Client) -> None:
    page = client.get("docs")
    (address,) = re.findall(r"url: '([^']+)'", page.text)

    described = client.get(urljoin(str(page.url), address)).json()

    assert [server["url"] for server in described["servers"]] == [f"{PREFIX}/v1"]


def test_the_prefix_itself_leads_to_the_page(service: httpx.Client, serve: Serve) -> None:
    with serve(Settings(root_path=PREFIX)) as upstream:
        answer = upstream.get(PREFIX)

    assert answer.is_redirect
    assert answer.headers["location"] == f"{PREFIX}/"


@pytest.mark.parametrize("prefix", ["hospital", "/hospital/", "/a?b", "/"])
def test_what_is_no_prefix_is_no_setting(prefix: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=prefix)
