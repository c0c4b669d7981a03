"""The credentials of a request lead to its caller, or to a refusal."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from covidxray_api.access.caller import ANYBODY, Caller
from covidxray_api.access.keys import PREFIX, Keys
from covidxray_api.errors import AccessUnavailable, InvalidConfiguration, Unauthenticated
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from covidxray_api.access.tokens import Tokens

log = structlog.get_logger()


class AccessControl:
    """Knows callers by their keys; everybody, where there are none.

    Parameters
    ----------
    keys : Keys, optional
        The API keys.
    tokens : Tokens, optional
        Those of an issuer.
    """

    def __init__(self, keys: Keys | None = None, tokens: Tokens | None = None) -> None:
        self._keys = keys
        self._tokens = tokens

    @classmethod
    def from_settings(cls, settings: Settings) -> AccessControl:
        """Make what the settings describe.

        Raises
        ------
        InvalidConfiguration
            If a setting that it rests on is wrong or missing.
        """
        keys = Keys(settings.keys) if settings.keys else None
        if keys:
            keys.stored()
        return cls(keys, _tokens(settings) if settings.oidc_issuer else None)

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask for anything."""
        return self._keys is None and self._tokens is None

    async def identify(self, credential: str | None) -> Caller:
        """Return whose credential it is.

        Parameters
        ----------
        credential : str, optional
            An API key, or a token.

        Raises
        ------
        Unauthenticated
            If it is missing or nobody's.
        AccessUnavailable
            If it cannot be told now.
        """
        caller = self.identify_at_once(credential)
        if caller:
            return caller
        if credential and self._tokens:
            return await self._tokens.identify(credential)
        raise Unauthenticated("unknown")

    def identify_at_once(self, credential: str | None) -> Caller | None:
        """Return whose credential it is; None where that needs a look at a token.

        Raises
        ------
        Unauthenticated, AccessUnavailable
            See `identify`.
        """
        if self.is_open:
            return ANYBODY
        if not credential:
            raise Unauthenticated("missing")
        return self._of_key(credential) if credential.startswith(PREFIX) else None

    def _of_key(self, key: str) -> Caller:
        try:
            caller = self._keys.find(key) if self._keys else None
        except InvalidConfiguration as error:
            log.error("keys cannot be read", reason=str(error))
            raise AccessUnavailable("keys") from error
        if caller is None:
            raise Unauthenticated("unknown")
        return caller


def _tokens(settings: Settings) -> Tokens:
    # Not with the module: most services trust no issuer.
    from covidxray_api.access.issuer import Issuer
    from covidxray_api.access.tokens import Tokens

    name = settings.oidc_issuer or ""
    address = urlsplit(name)
    host = address.hostname or ""
    if not host or (address.scheme != "https" and not is_this_machine(host)):
        raise InvalidConfiguration("issuer", issuer=name)
    if not settings.oidc_audience or not settings.oidc_roles:
        raise InvalidConfiguration("issuer_alone")
    return Tokens(
        Issuer(name), settings.oidc_audience, settings.oidc_roles_claim, settings.oidc_roles
    )


def is_this_machine(host: str) -> bool:
    """Tell whether an address is one that this machine alone can reach."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
