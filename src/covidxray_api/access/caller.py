"""Whoever sends a request, and what they may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from covidxray_api.settings import Scope

SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
"""All that can be allowed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sends a request."""

    name: str | None
    """`key:` and the name of an API key, `oidc:` and the subject of a token; None for anybody."""

    scopes: frozenset[Scope]
    """What they may ask."""


ANYBODY = Caller(None, SCOPES)
"""The caller of a service that is open to all."""
