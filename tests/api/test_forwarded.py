"""What reverse proxies say is believed where they are trusted."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from tests.conftest import Serve

from covidxray_api.api.prefix import Forwarded, Proxies
from covidxray_api.settings import Settings

PROXIES = (ip_network("10.0.0.5"), ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


def seen(peer: str | None, **headers: str) -> Scope:
    """The request as the application sees it."""
    found: Scope = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope)

    async def nothing(*_: object) -> None:
        return None

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    client = (peer, 40000) if peer else None
    scope = {"type": "http", "scheme": "http", "client": client, "headers": raw, "root_path": ""}
    asyncio.run(Forwarded(app, Proxies(PROXIES))(scope, nothing, nothing))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("peer", ["10.0.0.5", "10.1.2.3", "fd00::1"])
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    scope = seen(
        peer,
        x_forwarded_for="192.0.2.7",
        x_forwarded_proto="https",
        x_forwarded_prefix="/hospital/",
    )

    assert scope["client"] == ("192.0.2.7", 0)
    assert scope["scheme"] == "https"
    assert scope["root_path"] == "/hospital"


def test_of_several_addresses_that_before_the_proxies_counts() -> None:
    scope = seen("10.0.0.5", x_forwarded_for="203.0.113.9, 192.0.2.7, 10.1.0.1")

    assert scope["client"] == ("192.0.2.7", 0)


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("192.0.2.7:40123, 10.1.0.1:443", "192.0.2.7"),
        ("[2001:db8::1]:40123, 10.1.0.1", "2001:db8::1"),
        ("2001:db8::1, fd00::2", "2001:db8::1"),
        ("unknown, 192.0.2.7", "192.0.2.7"),
    ],
)
def test_ports_and_names_are_left_out(listed: str, address: str) -> None:
    assert seen("10.0.0.5", x_forwarded_for=listed)["client"] == (address, 0)


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.2.0.1", None, "unix"])
def test_anybody_else_is_not(peer: str | None) -> None:
    scope = seen(peer, x_forwarded_for="192.0.2.7", x_forwarded_prefix="/x")

    assert scope["client"] == ((peer, 40000) if peer else None)
    assert scope["root_path"] == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_proto": "javascript"},
        {"x_forwarded_prefix": "hospital"},
        {"x_forwarded_prefix": '/"><script>'},
        {"x_forwarded_prefix": "/"},
        {"x_forwarded_for": "10.1.0.1"},
        {"x_forwarded_for": " , "},
    ],
)
def test_what_makes_no_sense_is_ignored(headers: dict[str, str]) -> None:
    scope = seen("10.0.0.5", **headers)

    assert scope["scheme"] == "http"
    assert scope["root_path"] == ""
    assert scope["client"] == ("10.0.0.5", 40000)


def test_a_prefix_that_a_proxy_states_is_that_of_problems_and_description(serve: Serve) -> None:
    headers = {"X-Forwarded-Prefix": "/radiology"}
    with serve(Settings.model_validate({"trusted_proxies": ["127.0.0.1"]})) as client:
        problem = client.post("/predict", headers=headers).json()
        page = client.get("/docs", headers=headers)
        described = client.get("/openapi.json", headers=headers).json()
        unversioned = client.get("/radiology/v1/health", headers=headers)

    assert problem["type"] == "/radiology/problems/empty-file"
    assert [server["url"] for server in described["servers"]] == ["/radiology/v1"]
    assert page.status_code == 200
    assert unversioned.status_code == 200


def test_without_the_setting_nobody_is_believed(service: httpx.Client) -> None:
    problem = service.post("/predict", headers={"X-Forwarded-Prefix": "/radiology"}).json()

    assert problem["type"] == "/problems/empty-file"
