"""The credentials of a request lead to its caller, or to a refusal."""

from __future__ import annotations

import structlog

from covidxray_api.access.caller import ANYBODY, Caller
from covidxray_api.access.keys import PREFIX, Keys
from covidxray_api.errors import AccessUnavailable, InvalidConfiguration, Unauthenticated
from covidxray_api.settings import Settings

log = structlog.get_logger()


class AccessControl:
    """Knows callers by their keys; everybody, where there are none.

    Parameters
    ----------
    keys : Keys, optional
        The API keys.
    """

    def __init__(self, keys: Keys | None = None) -> None:
        self._keys = keys

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
        return cls(keys)

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask for anything."""
        return self._keys is None

    async def identify(self, credential: str | None) -> Caller:
        """Return whose credential it is.

        Parameters
        ----------
        credential : str, optional
            An API key.

        Raises
        ------
        Unauthenticated
            If it is missing or nobody's.
        AccessUnavailable
            If it cannot be told now.
        """
        if self.is_open:
            return ANYBODY
        if not credential:
            raise Unauthenticated("missing")
        caller = self._of_key(credential) if credential.startswith(PREFIX) else None
        if caller is None:
            raise Unauthenticated("unknown")
        return caller

    def _of_key(self, key: str) -> Caller | None:
        try:
            return self._keys.find(key) if self._keys else None
        except InvalidConfiguration as error:
            log.error("keys cannot be read", reason=str(error))
            raise AccessUnavailable("keys") from error
