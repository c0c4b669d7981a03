"""From the address that a caller has used to that of a route: proxies, prefixes, versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

from pydantic.networks import IPvAnyNetworkType
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

VERSION = "/v1"
"""Path of the version of the API; what stands beneath it also stands without it."""

_HOP = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+)(:\d+)?|(?P<bare>[0-9A-Fa-f:.]+)")
_PREFIX = re.compile(r"(/[^/?#\s\"<>]+)+")


class Proxies:
    """Reverse proxies that are trusted in what they say of the request that they have received.

    Of `X-Forwarded-For` the last address that is no trusted proxy counts: those before it are what
    the client claims.

    Parameters
    ----------
    networks : sequence of network
        Where they are.
    """

    def __init__(self, networks: Sequence[IPvAnyNetworkType]) -> None:
        self._networks = networks

    def as_received(self, scope: Scope) -> Scope:
        """Return a request as the first of them has received it, if it comes from one."""
        if not self._networks or not self._trusts((scope.get("client") or ("",))[0]):
            return scope
        headers, changed = Headers(scope=scope), dict(scope)
        if (scheme := headers.get("x-forwarded-proto", "").strip().lower()) in {"http", "https"}:
            changed["scheme"] = scheme
        prefix = headers.get("x-forwarded-prefix", "").strip().rstrip("/")
        if _PREFIX.fullmatch(prefix):
            changed["root_path"] = prefix
        listed = ",".join(headers.getlist("x-forwarded-for"))
        hops = [address for hop in listed.split(",") if (address := _address(hop))]
        clients = [hop for hop in hops if not self._trusts(hop)]
        if clients:
            changed["client"] = (clients[-1], 0)
        return changed

    def _trusts(self, host: str) -> bool:
        address = _address(host)
        return bool(address) and any(ip_address(address) in network for network in self._networks)


class Forwarded:
    """ASGI middleware: a request is as a trusted reverse proxy has received it.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    proxies : Proxies
        Those that are trusted.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            scope = self._proxies.as_received(scope)
        await self._app(scope, receive, send)


def _address(hop: str) -> str:
    """Return an address without the port that some proxies write after it; empty if it is none."""
    found = _HOP.fullmatch(hop.strip())
    if not found:
        return ""
    try:
        return str(ip_address(found["six"] or found["four"] or found["bare"]))
    except ValueError:
        return ""


def inside(path: str, prefix: str) -> str:
    """Return a path without the prefix and the version, as a route has it."""
    within = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
    return within.removeprefix(VERSION) if within.startswith(f"{VERSION}/") else within


class PathPrefix:
    """ASGI middleware: a path has the prefix, whether the proxy has removed it or not.

    ASGI's `root_path` is the part of `path` at which the application is mounted; Starlette finds
    mounted files by taking it away. A version after the prefix is taken away too.

    Parameters
    ----------
    app : ASGIApp
        Answers the requests.
    prefix : str
        The prefix; the server's own, as of ``uvicorn --root-path``, if empty.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            path, prefix = scope["path"], scope.get("root_path", "") or self._prefix
            if prefix and path == prefix:
                # The page names what it loads relative to its own address.
                await RedirectResponse(f"{prefix}/")(scope, receive, send)
                return
            scope = {**scope, "root_path": prefix, "path": prefix + inside(path, prefix)}
        await self._app(scope, receive, send)
