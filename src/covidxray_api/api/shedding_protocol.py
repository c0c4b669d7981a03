"""HTTP/1.1 that refuses an upload as soon as its header shows that it finds no place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from covidxray_api.api.bounded_protocol import PARTING_S, BoundedProtocol
from covidxray_api.api.shedding import NAME, Shed, Shedding

if TYPE_CHECKING:
    from starlette.types import Scope

    from covidxray_api.api.gathering import GatheringTransport

READ_S = 15.0
"""Time for which the body of a refused upload is read, and kept nowhere: closed while it arrives,
the connection would be reset, and the refusal lost (RFC 9112, section 9.6)."""

IDLE_S = 2.0
"""Time after which a sender from whom nothing of it comes is taken to wait for the answer."""


class SheddingProtocol(BoundedProtocol):
    """Answers what `Shedding` takes, and leaves all else to the application."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._shedding: Shedding | None = self.app_state.get(NAME)
        self._shed: Shed | None = None
        self._read_until = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        if self._shed and self._shedding:
            self._shedding.gone(self._shed)
            self._shed = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, and wait for the rest of what is refused, not forever."""
        super().data_received(data)
        if self._shed:
            self._end_after(min(IDLE_S, self._read_until - self.loop.time()))

    def answer_once(self) -> None:
        """Answer what has been asked, or is at once, and end the connection."""
        if self._shed:
            self._once = True
        else:
            super().answer_once()

    def shutdown(self) -> None:
        """End the connection once what has been asked is answered."""
        if self._shed:
            self._once = True
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        """Start to serve the request, or to read on what is refused."""
        self._shed = self._taken()
        if self._shed:
            self._in_header, self._in_body = False, True
            self._read_until = self.loop.time() + READ_S
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, or drop it."""
        if not self._shed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Tell whoever reads the body that it has ended, or answer."""
        if self._shed:
            self._in_body = False
            self._go_on()
            self._answer(self._shed)
        else:
            super().on_message_complete()

    def _too_late(self) -> None:
        if self._shed:
            self._end = None
            self._refused = self._once = True
            self._answer(self._shed)
        else:
            super()._too_late()

    def _taken(self) -> Shed | None:
        """Return the request if it is refused before the application sees it."""
        if not self._shedding or not self._shedding.is_due or self._is_large():
            return None
        earlier = self.cycle is not None and not self.cycle.response_complete
        plain = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        if not plain or earlier or self._once:
            return None
        if self.expect_100_continue or self._is_offer():
            return None
        return self._shedding.take(self.parser.get_method(), self.url, cast("Scope", self.scope))

    def _answer(self, shed: Shed) -> None:
        self._shed = None
        if not self._shedding:
            return
        told, ends = self._shedding.answer(shed, self._once)
        ours = [b"%b: %b\r\n" % field for field in self.server_state.default_headers]
        transport = cast("GatheringTransport", self.transport)
        transport.send(b"".join([STATUS_LINE[503], *ours, told]))
        if ends and self._in_body:
            self.loop.call_later(PARTING_S, self.transport.close)
        elif ends:
            self.transport.close()
        self.on_response_complete()
