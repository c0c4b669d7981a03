"""Who may call: the credentials of a request, before anything else of it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from structlog.contextvars import bind_contextvars

from covidxray_api.access.caller import Caller
from covidxray_api.access.control import AccessControl
from covidxray_api.api.state import state_of
from covidxray_api.errors import AccessUnavailable, Forbidden, TooManyRequests, Unauthenticated
from covidxray_api.settings import Scope

KEY_HEADER = "X-API-Key"

REFUSALS = (Unauthenticated, Forbidden, AccessUnavailable, TooManyRequests)
"""Errors that a route which needs a scope may answer with."""

SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of `covidxray keys create`, or a token of the OpenID Connect"
        " issuer that the service trusts. A service that is open to all asks for none.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "An API key, where `Authorization` is taken.",
    },
}
"""Security schemes of the OpenAPI description."""


async def authorize(request: Request, needed: Scope) -> Caller:
    """Return whose request it is, if they may; the caller is then in `request.state` too.

    Parameters
    ----------
    request : Request
        Of which the headers alone are read.
    needed : Scope
        What the route needs.

    Raises
    ------
    Unauthenticated, AccessUnavailable
        See `AccessControl.identify`.
    Forbidden
        If the caller is known, and may not.
    """
    caller = await permitted(state_of(request).access, credential(request.headers), needed)
    request.state.caller = caller
    return caller


async def permitted(access: AccessControl, shown: str | None, needed: Scope) -> Caller:
    """Return whose credential it is, if they may; see `authorize`.

    Parameters
    ----------
    access : AccessControl
        Knows callers.
    shown : str, optional
        The credential.
    needed : Scope
        What the call needs.
    """
    caller = await access.identify(shown)
    if caller.name:
        bind_contextvars(caller=caller.name)
    if needed not in caller.scopes:
        raise Forbidden(needed=needed, granted=tuple(sorted(caller.scopes)))
    return caller


def credential(headers: Mapping[str, str]) -> str | None:
    """Return the API key or token that a request carries (RFC 6750, section 2.1).

    Parameters
    ----------
    headers : mapping of str to str
        By their names in lower case, or in any.
    """
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return headers.get(KEY_HEADER.lower())
