"""An OpenID Connect issuer: where its keys are, and which they are now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import structlog
from pydantic import BaseModel

from covidxray_api.errors import AccessUnavailable, Unauthenticated

FRESH_S = 3600.0
"""Time for which keys are not asked for again, in seconds."""

STALE_S = 86_400.0
"""Time for which keys are still good while the issuer does not answer, in seconds."""

PAUSE_S = 30.0
"""Shortest time between two questions to the issuer, in seconds: tokens of unknown keys shall not
make it busy, and an issuer that does not answer shall not be waited for each time."""

PATIENCE_S = 5.0
"""Time that the issuer has to answer, in seconds."""

LARGEST = 1024 * 1024
"""Most bytes of an answer."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key of the issuer."""

    key: Any
    """As PyJWT takes it."""

    algorithm: str | None
    """What it is for alone, where the issuer says so."""


class Description(BaseModel):
    """What an issuer says of itself; of that, what is needed."""

    issuer: str
    jwks_uri: str


class KeySet(BaseModel):
    """The keys of an issuer (RFC 7517, section 5)."""

    keys: list[dict[str, Any]]


class Issuer:
    """Tells the keys of an issuer, found as OpenID Connect Discovery 1.0 says, section 4.

    Parameters
    ----------
    name : str
        The issuer's identifier, an address.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._keys: Mapping[str | None, SigningKey] = {}
        self._since = self._asked = -STALE_S
        self._silent = False
        self._asking = asyncio.Lock()

    async def key(self, identifier: str | None) -> SigningKey:
        """Return the key of an identifier; the only one there is if a token names none.

        Raises
        ------
        Unauthenticated
            If the issuer has no such key.
        AccessUnavailable
            If it cannot be asked.
        """
        if identifier not in self._keys or self._age > FRESH_S:
            async with self._asking:
                if identifier not in self._keys or self._age > FRESH_S:
                    await self._ask()
        found = self._keys.get(identifier)
        if self._age > STALE_S or (self._silent and not found):
            raise AccessUnavailable("issuer")
        if not found:
            raise Unauthenticated("unknown")
        return found

    @property
    def _age(self) -> float:
        return time.monotonic() - self._since

    async def _ask(self) -> None:
        if time.monotonic() - self._asked < PAUSE_S:
            return
        self._asked = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                self._keys = await self._fetch()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            self._silent = True
            log.error("issuer does not tell its keys", issuer=self.name, reason=repr(error))
        else:
            self._silent = False
            self._since = time.monotonic()

    async def _fetch(self) -> Mapping[str | None, SigningKey]:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            there = f"{self.name.rstrip('/')}/.well-known/openid-configuration"
            described = Description.model_validate_json(await _body(client, there))
            if described.issuer != self.name:
                raise ValueError(f"it calls itself {described.issuer!r}")
            if self.name.startswith("https:") and not described.jwks_uri.startswith("https:"):
                raise ValueError("its keys travel without TLS")
            told = KeySet.model_validate_json(await _body(client, described.jwks_uri))
        found: dict[str | None, SigningKey] = {}
        for parameters in told.keys:
            if parameters.get("use", "sig") != "sig" or parameters.get("kty") == "oct":
                continue
            try:
                key = jwt.PyJWK(parameters)
            except jwt.PyJWTError:
                continue  # Of a kind that is not read here; others may be.
            found[key.key_id] = SigningKey(key.key, parameters.get("alg"))
        if len(found) == 1:
            found[None] = next(iter(found.values()))
        return found


async def _body(client: httpx.AsyncClient, address: str) -> bytes:
    async with client.stream("GET", address) as response:
        response.raise_for_status()
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise ValueError(f"{address} does not end")
    return bytes(body)
