"""Load shedding: an upload that finds no place is refused before it is a request to the app.

Under overload most are, and what their refusals cost is what films go short of. A refusal says
here what the application would say, and is logged and counted likewise; whatever needs a closer
look goes there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from fastapi import APIRouter
from starlette.types import Scope

from covidxray_api.access.control import AccessControl
from covidxray_api.api.access_log import HEADER, log_request, sane
from covidxray_api.api.admission import UploadRoute
from covidxray_api.api.authorization import credential
from covidxray_api.api.headers import HEADERS, STRICT_TRANSPORT
from covidxray_api.api.letting_go import LettingGo
from covidxray_api.api.negotiation import VARY, negotiate
from covidxray_api.api.prefix import Proxies, inside
from covidxray_api.api.problems import (
    CLIENT_GONE,
    MEDIA_TYPE,
    RETRY_AFTER,
    STATUS,
    as_problem,
)
from covidxray_api.api.request_counter import RequestCount
from covidxray_api.api.state import State
from covidxray_api.errors import CovidXrayError, Overloaded
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import Settings
from covidxray_api.texts.language import Language

NAME = "shedding"
"""Where the server finds it in the state of the application's lifespan."""

METHOD = "POST"

ID = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the id of a request, in which it cannot occur."""


@dataclass(frozen=True, slots=True)
class Shed:
    """A request that is refused once its body has been read."""

    route: str
    headers: dict[str, str]
    scheme: str
    prefix: str
    caller: str | None
    request_id: str
    begun: float = field(default_factory=time.perf_counter)


class Shedding:
    """Refuses uploads that find no place.

    Parameters
    ----------
    service : ScreeningService
        Knows whether there is one.
    access : AccessControl
        Knows who may call.
    count : RequestCount
        Counts requests.
    routes : iterable of UploadRoute
        Take uploads.
    settings : Settings
        Under which path prefix they are published, which proxies are trusted, and whether pages of
        other origins are answered.
    """

    def __init__(
        self,
        service: ScreeningService,
        access: AccessControl,
        count: RequestCount,
        routes: Iterable[UploadRoute],
        settings: Settings,
    ) -> None:
        self._service = service
        self._access = access
        self._count = count
        self._prefix = settings.root_path
        self._proxies = Proxies(settings.trusted_proxies)
        self._is_open_to_pages = bool(settings.cors_origins)
        self._letting_go = LettingGo()
        self._routes = {route.path: route for route in routes}

    @classmethod
    def of(cls, state: State, count: RequestCount, routers: Iterable[APIRouter]) -> Self | None:
        """Return what refuses uploads; None where the settings ask more of each request."""
        if not _suffices(state.settings):
            return None
        # The other kinds wait for a place, or speak another protocol.
        routes = (
            route
            for router in routers
            for route in router.routes
            if isinstance(route, UploadRoute)
            and type(route).admitting is UploadRoute.admitting
            and not route.path.startswith("/v2/")
        )
        return cls(state.service, state.access, count, routes, state.settings)

    @property
    def is_due(self) -> bool:
        """Whether an upload would find no place now."""
        return self._service.is_full

    def take(self, method: bytes, url: bytes, scope: Scope) -> Shed | None:
        """Return what is refused now; None if there is a place, or the application has to look.

        Parameters
        ----------
        method, url : bytes
            As they were sent.
        scope : Scope
            What else is known of the request: its headers, and where it came from.
        """
        if not self.is_due or method != METHOD.encode():
            return None
        received = self._proxies.as_received(scope)
        prefix = received["root_path"] or self._prefix
        path = url.partition(b"?")[0].decode("latin-1")
        route = self._routes.get(inside(path, prefix))
        if route is None or route.needs is None:
            return None
        # The first of each name counts.
        said = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"][::-1]
        }
        if self._is_open_to_pages and "origin" in said:
            return None
        try:
            caller = self._access.identify_at_once(credential(said))
        except CovidXrayError:
            return None
        if caller is None or route.needs not in caller.scopes:
            return None
        request_id = sane(said.get(HEADER.lower(), ""))
        return Shed(route.path_format, said, received["scheme"], prefix, caller.name, request_id)

    def answer(self, shed: Shed, last: bool) -> tuple[bytes, bool]:
        """Return a refusal as it is sent, and whether it ends the connection.

        Parameters
        ----------
        shed : Shed
            The request.
        last : bool
            Whether the connection ends anyway.
        """
        if self._letting_go.is_due():
            last = True
        language = negotiate(shed.headers.get("accept-language", ""))
        text = _refusal(
            *(shed.prefix, language, shed.scheme, last),
            *(self._service.in_flight, len(shed.request_id)),
        )
        self._service.metrics.refused(Overloaded.code)
        self._tell(shed, STATUS[Overloaded.code], problem=Overloaded.code)
        return text.replace(ID, shed.request_id).encode(), last

    def gone(self, shed: Shed) -> None:
        """Note that a client went before it was refused."""
        self._tell(shed, CLIENT_GONE)

    def _tell(self, shed: Shed, status: int, **facts: str) -> None:
        self._count.add(shed.route, METHOD, status)
        if shed.caller:
            facts["caller"] = shed.caller
        log_request(METHOD, shed.route, status, shed.begun, request_id=shed.request_id, **facts)


@lru_cache(maxsize=64)
def _refusal(
    prefix: str, language: Language, scheme: str, last: bool, in_flight: int, id_length: int
) -> str:
    """Return a refusal as it is sent, with `ID` where the id of the request belongs."""
    problem = as_problem(Overloaded(in_flight=in_flight), language, prefix, ID)
    content = json.dumps(problem, ensure_ascii=False, separators=(",", ":"))
    lines = [
        *(_SECURE if scheme == "https" else _PLAIN),
        f"{HEADER}: {ID}",
        f"Content-Language: {language}",
        f"Content-Length: {len(content.replace(ID, 'x' * id_length).encode())}",
        *(["Connection: close"] if last else []),
    ]
    return "\r\n".join([*lines, "", content])


def _suffices(settings: Settings) -> bool:
    """Return whether a refusal is the same whoever asks."""
    return not (settings.client_rate or settings.client_in_flight or settings.traces)


_PLAIN = [
    f"{name}: {value}"
    for name, value in {
        **HEADERS,
        "Content-Type": MEDIA_TYPE,
        "Vary": VARY,
        "Retry-After": str(RETRY_AFTER[Overloaded.code]),
    }.items()
]
_SECURE = [*_PLAIN, f"Strict-Transport-Security: {STRICT_TRANSPORT}"]
