"""Bearer tokens of an OpenID Connect issuer: JWTs (RFC 7519), checked as RFC 8725 advises."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import jwt

from covidxray_api.access.caller import Caller
from covidxray_api.access.issuer import Issuer
from covidxray_api.errors import Unauthenticated
from covidxray_api.settings import Scope

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Signatures that only the issuer can make. Those with a shared secret would let whoever checks a
token make one; `none` is no signature (RFC 8725, sections 2.1 and 3.1)."""

_JWT = jwt.PyJWT({"enforce_minimum_key_length": True})

LEEWAY_S = 30
"""How far the clocks of issuer and service may differ, in seconds."""

REMEMBERED = 1024
"""Most tokens whose check is remembered."""

REMEMBERED_S = 300.0
"""Longest time for which it is, in seconds; never beyond the token's own end."""


class Tokens:
    """Checks tokens, and remembers the latest.

    Parameters
    ----------
    issuer : Issuer
        Has signed them.
    audience : str
        What a token has to be meant for.
    claim : str
        Where a token states roles: the name of a claim, or a path of names with dots between.
    scopes : mapping
        What each role allows.
    """

    def __init__(
        self, issuer: Issuer, audience: str, claim: str, scopes: Mapping[str, Iterable[Scope]]
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._claim = claim
        self._scopes = scopes
        self._remembered: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    async def identify(self, token: str) -> Caller:
        """Return whose token it is.

        Raises
        ------
        Unauthenticated
            If it is none, not of the issuer, not for this service, or not valid now.
        AccessUnavailable
            If the issuer does not tell its keys.
        """
        digest = sha256(token.encode()).digest()
        caller, until = self._remembered.get(digest, (None, 0.0))
        if caller and time.time() < until:
            return caller
        claims = await self._check(token)
        caller = Caller(f"oidc:{claims['sub']}", self._allowed(claims))
        until = min(float(claims["exp"]) + LEEWAY_S, time.time() + REMEMBERED_S)
        self._remembered[digest] = (caller, until)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    async def _check(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise Unauthenticated("unknown")
            key = await self._issuer.key(header.get("kid"))
            claims: dict[str, Any] = _JWT.decode(
                token,
                key.key,
                algorithms=[key.algorithm or algorithm],
                audience=self._audience,
                issuer=self._issuer.name,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("expired") from error
        # A key of another kind than the signature's is a TypeError to some algorithms.
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise Unauthenticated("unknown") from error
        return claims

    def _allowed(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        stated: Any = claims.get(self._claim)
        if stated is None:
            stated = claims
            for name in self._claim.split("."):
                stated = stated.get(name) if isinstance(stated, Mapping) else None
        # OAuth's own `scope` is one text with spaces (RFC 8693, section 4.2).
        roles = stated.split() if isinstance(stated, str) else stated
        if not isinstance(roles, list):
            return frozenset()
        known = (self._scopes.get(role, ()) for role in roles if isinstance(role, str))
        return frozenset(scope for scopes in known for scope in scopes)
