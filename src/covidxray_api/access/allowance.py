"""How much one client may ask: requests in a time, and requests at once."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from covidxray_api.access.caller import Caller
from covidxray_api.errors import TooManyRequests


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands to its client's rate."""

    within: bool
    """Whether it is within it."""

    limit: int
    """Requests of the time."""

    window_s: int
    """The time, in seconds."""

    remaining: int
    """Requests that are left."""

    reset_s: int
    """Time until there are more, in seconds."""


class Allowance:
    """Bounds what each client asks of this process; other processes count for themselves.

    Parameters
    ----------
    rate : str, optional
        Requests in a time, as ``"60/minute"``, counted in a window that slides.
    in_flight : int, optional
        Requests at once.
    """

    def __init__(self, rate: str | None, in_flight: int | None) -> None:
        self._rate = parse(rate) if rate else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._most = in_flight
        self._holding: Counter[str] = Counter()

    @property
    def is_boundless(self) -> bool:
        """Whether every client may ask as much as it likes."""
        return self._rate is None and self._most is None

    async def spend(self, client: str) -> Standing | None:
        """Count a request, and tell how it stands; None where no rate is set."""
        if self._rate is None:
            return None
        within = await self._limiter.hit(self._rate, client)
        stats = await self._limiter.get_window_stats(self._rate, client)
        reset = max(1, math.ceil(stats.reset_time - time.time()))
        window = self._rate.get_expiry()
        return Standing(within, self._rate.amount, window, stats.remaining, reset)

    @contextmanager
    def holding(self, client: str) -> Iterator[None]:
        """Count a request for as long as it is served.

        Raises
        ------
        TooManyRequests
            If as many of the client are being served as may be.
        """
        if self._most is None:
            yield
            return
        if self._holding[client] >= self._most:
            raise TooManyRequests("in_flight", limit=self._most, seconds=1)
        self._holding[client] += 1
        try:
            yield
        finally:
            self._holding[client] -= 1
            if not self._holding[client]:
                del self._holding[client]


def client_of(caller: Caller, address: str) -> str:
    """Return who counts as one client: a caller by name, anybody by address.

    An IPv6 address counts by its first 64 bits: a site chooses the others itself (RFC 4291, section
    2.5.4).
    """
    if caller.name:
        return caller.name
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address
