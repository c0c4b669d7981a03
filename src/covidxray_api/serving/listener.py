"""Connections are shared out among the processes that listen on one socket.

An event loop takes all waiting connections at once, so that the first process to wake would serve
all of them while the others idle. Here a process that has connections leaves new ones to the
others for a moment, and then takes but a few. One that has no place for a request leaves them for
longer: only those that nobody has taken by then find all processes full, and are refused.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from ssl import SSLContext
from typing import Any, Protocol, runtime_checkable

import structlog
import uvloop

from covidxray_api.serving.logs import log_failure

MOMENT_S = 0.001
"""Time for which new connections are left to others; the loop knows none shorter."""

FEW = 2
"""Most connections that are taken at once."""

FULL_S = 0.02
"""Time for which a process that is full leaves new connections to others."""

PAUSE_S = 1.0
"""Time without new connections after the system has refused one, as where files run out."""

HANDSHAKE_S = 10.0
"""Time that a client has to agree on TLS."""

log = structlog.get_logger()


class SharingLoop(uvloop.Loop):
    """The event loop of a process that may share its port."""

    is_full: Callable[[], bool] = staticmethod(lambda: False)
    """Tells whether this process would refuse a request now."""

    async def create_server(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *arguments: Any,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: bool | SSLContext | None = None,
        **options: Any,
    ) -> Any:
        """Listen; a socket that is given is shared with other processes."""
        tls: dict[str, Any] = {"ssl": ssl, "ssl_handshake_timeout": HANDSHAKE_S} if ssl else {}
        if sock is None:
            options |= {"backlog": backlog, **tls}
            return await super().create_server(protocol_factory, *arguments, **options)
        return SharedListener(self, protocol_factory, sock, backlog, tls, lambda: self.is_full())


@runtime_checkable
class AnswersOnce(Protocol):
    """What speaks on a connection, and can be told that it is the last time."""

    def answer_once(self) -> None:
        """Answer what is asked now, and end the connection."""


class SharedListener:
    """Takes this process's share of the connections.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop of this process.
    protocol_factory : callable
        Makes what speaks on a connection.
    sock : socket
        Bound; the processes that share it listen on it as well.
    backlog : int
        Number of connections that may wait to be taken.
    tls : mapping
        How connections are encrypted, as `asyncio` takes it; empty if they are not.
    is_full : callable
        Tells whether this process would refuse a request now.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        sock: socket.socket,
        backlog: int,
        tls: Mapping[str, Any],
        is_full: Callable[[], bool],
    ) -> None:
        self._loop = loop
        self._protocol_factory = protocol_factory
        self._socket = sock
        self._backlog = backlog
        self._tls = tls
        self._is_full = is_full
        self._opening: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.BaseTransport] = set()
        self._closed = False
        sock.setblocking(False)
        sock.listen(backlog)
        self._listen()

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._socket, self._noticed)

    def _noticed(self) -> None:
        self._open = {transport for transport in self._open if not transport.is_closing()}
        if self._is_full():
            self._loop.remove_reader(self._socket)
            self._loop.call_later(FULL_S, self._take, self._backlog)
        elif self._open or self._opening:
            self._loop.remove_reader(self._socket)
            self._loop.call_later(MOMENT_S, self._take, FEW)
        else:
            self._take(1)

    def _take(self, most: int) -> None:
        if self._closed:
            return
        try:
            for _ in range(most):
                self._accept()
        except (BlockingIOError, ConnectionAbortedError):
            pass  # Another process has taken it, or the client has gone.
        except OSError as error:
            log_failure(log, "no new connections", error, seconds=PAUSE_S)
            self._loop.remove_reader(self._socket)
            self._loop.call_later(PAUSE_S, self._listen)
            return
        self._listen()

    def _accept(self) -> None:
        connection, _ = self._socket.accept()
        task = self._loop.create_task(self._serve(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            transport, protocol = await self._loop.connect_accepted_socket(
                self._protocol_factory, connection, **self._tls
            )
        except OSError:
            return  # No TLS, or not in time: there is nobody to answer.
        self._open.add(transport)
        if self._closed and isinstance(protocol, AnswersOnce):
            protocol.answer_once()

    def close(self) -> None:
        """Take whoever waits already, for one answer, and nobody else.

        The system has let them in, and would reset them when the last process closes the socket.
        """
        self._closed = True
        self._loop.remove_reader(self._socket)
        with suppress(OSError):  # None waits any more.
            for _ in range(self._backlog):
                self._accept()

    async def wait_closed(self) -> None:
        """Return at once: nothing is left to wait for."""
