"""HTTP/1.1 with a bound on everything that a client could draw out or make large.

A radiograph itself is bounded elsewhere: by bytes, and by the request's deadline.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from covidxray_api.api.gathering import GatheringTransport
from covidxray_api.api.headers import HEADERS
from covidxray_api.api.http_protocol import UpgradeIgnoringProtocol
from covidxray_api.api.problems import MEDIA_TYPE, describe
from covidxray_api.errors import CovidXrayError, HeaderTooLarge, HeaderTooSlow, InvalidRequest
from covidxray_api.texts.problems import detail

HEADER_S = 10.0
"""Time in which the header of a request arrives, from the connection or the answer before."""

LARGEST_HEADER = 64 * 1024
"""Most bytes of a header, that with the address."""

STALLED_S = 30.0
"""Time for which the rest of a body is received that has been answered already, and for which an
answer waits for a client that reads none of it."""

PARTING_S = 2.0
"""Time for which a connection stays open after a refusal: closed while data arrive, it would be
reset, and the refusal lost (RFC 9112, section 9.6)."""

log = structlog.get_logger()


class BoundedProtocol(UpgradeIgnoringProtocol):
    """Ends connections that a client draws out."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_header = False
        self._in_body = False
        self._arrived = 0
        self._refused = self._once = False
        self._end: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a header, not forever."""
        super().connection_made(cast("asyncio.Transport", GatheringTransport(transport, self.loop)))
        self._end_after(HEADER_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._go_on()
        self.resume_writing()
        super().connection_lost(exc)

    def answer_once(self) -> None:
        """Answer what has been asked, or is at once, and end the connection."""
        self._once = True
        if self.cycle:
            self.shutdown()
        else:
            self._end_after(PARTING_S)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, unless it belongs to what was refused."""
        if self._refused:
            return
        before = self.headers if self._in_header else None
        super().data_received(data)
        if not self._in_header or self._refused:
            return
        if self.headers is before:  # All of what has arrived is of one header.
            self._arrived += len(data)
        # Counted once: with each piece of a header, it would cost the square of their number.
        if self._arrived > LARGEST_HEADER or (self.headers is not before and self._is_large()):
            self._refuse(HeaderTooLarge(limit=LARGEST_HEADER))
        elif not self._end:
            self._end_after(HEADER_S)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_header, self._in_body = True, False
        self._arrived = 0

    def on_headers_complete(self) -> None:
        """Start to serve the request."""
        if self._is_large():
            raise ValueError("The header is too large.")
        self._in_header, self._in_body = False, True
        self._go_on()
        super().on_headers_complete()
        if self._once and self.cycle:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Tell whoever reads the body that it has ended."""
        self._in_body = False
        self._go_on()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of the body, or for the next request."""
        super().on_response_complete()
        if self._in_body:
            self._end_after(STALLED_S)

    def pause_writing(self) -> None:
        """Wait for a client that does not read, not forever."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it has read."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the name is uvicorn's
        """Refuse what the parser does not take: too large a header, or no HTTP."""
        if self._in_header and self._is_large():
            self._refuse(HeaderTooLarge(limit=LARGEST_HEADER))
        else:
            self._refuse(InvalidRequest("no_http"))

    def _is_large(self) -> bool:
        """Return whether the header is too large, as far as it has been parsed."""
        fields = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.url) + fields > LARGEST_HEADER

    def _end_after(self, seconds: float) -> None:
        self._go_on()
        self._end = self.loop.call_later(seconds, self._too_late)

    def _go_on(self) -> None:
        if self._end:
            self._end.cancel()
            self._end = None

    def _too_late(self) -> None:
        self._end = None
        if self._in_header:
            self._refuse(HeaderTooSlow(seconds=HEADER_S))
        else:
            self.transport.close()

    def _refuse(self, error: CovidXrayError) -> None:
        """Answer a request that no application sees, in English: its header is not known."""
        self._refused = True
        self._go_on()
        if self.cycle and not self.cycle.response_complete:
            if self._in_header:
                # The answer to the request before goes out first, and ends the connection.
                self.cycle.keep_alive = False
                return
            # The application hears no more of this request, and nobody of its answer.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
                return
        problem = describe(error.code).model_dump(exclude_none=True)
        content = json.dumps(problem | {"detail": detail(error, "en")}).encode()
        log.info("refused", status=problem["status"], problem=error.code)
        headers = {
            **HEADERS,
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(content)),
            "Connection": "close",
        }
        lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
        self.transport.write(b"".join([STATUS_LINE[problem["status"]], *lines, b"\r\n", content]))
        self.loop.call_later(PARTING_S, self.transport.close)
