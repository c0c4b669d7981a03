"""Processes share their connections; here threads with a loop each stand for processes."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import cast

import pytest
from structlog.testing import capture_logs

from covidxray_api.serving import listener as sharing
from covidxray_api.serving.listener import SharingLoop

CROWD = 64
PATIENCE_S = 30


class Named(asyncio.Protocol):
    """Says on each connection who serves it."""

    def __init__(self, name: bytes, transports: list[asyncio.BaseTransport]) -> None:
        self._name = name
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._name)
        self._transports.append(transport)


@contextmanager
def serving(
    name: bytes, sock: socket.socket, is_full: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Serve on a shared socket, in a thread of its own."""
    loop, ready = SharingLoop(), threading.Event()
    loop.is_full = is_full

    async def serve() -> None:
        transports: list[asyncio.BaseTransport] = []
        server = await loop.create_server(partial(Named, name, transports), sock=sock)
        ready.set()
        await stop.wait()
        server.close()
        await server.wait_closed()
        for transport in transports:
            transport.close()

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def test_a_crowd_is_shared(listener: socket.socket) -> None:
    with ExitStack() as stack:
        listener.listen(CROWD)
        crowd = [
            stack.enter_context(socket.create_connection(listener.getsockname(), PATIENCE_S))
            for _ in range(CROWD)
        ]
        second = stack.enter_context(listener.dup())
        stack.enter_context(serving(b"a", listener))
        stack.enter_context(serving(b"b", second))
        served = [client.recv(1) for client in crowd]

    assert min(served.count(b"a"), served.count(b"b")) >= CROWD // 8


def test_a_process_that_is_full_leaves_connections_to_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    monkeypatch.setattr(sharing, "FULL_S", PATIENCE_S)  # However slow the other is.
    with ExitStack() as stack:
        second = stack.enter_context(listener.dup())
        stack.enter_context(serving(b"a", listener, is_full=lambda: True))
        stack.enter_context(serving(b"b", second))
        served = []
        for _ in range(20):
            client = stack.enter_context(
                socket.create_connection(listener.getsockname(), PATIENCE_S)
            )
            served.append(client.recv(1))

    assert served == [b"b"] * 20


def test_where_all_are_full_everybody_is_taken(listener: socket.socket) -> None:
    with ExitStack() as stack:
        second = stack.enter_context(listener.dup())
        for name, sock in ((b"a", listener), (b"b", second)):
            stack.enter_context(serving(name, sock, is_full=lambda: True))
        crowd = [
            stack.enter_context(socket.create_connection(listener.getsockname(), PATIENCE_S))
            for _ in range(CROWD)
        ]
        served = [client.recv(1) for client in crowd]

    assert set(served) <= {b"a", b"b"}
    assert len(served) == CROWD


def test_who_waits_when_it_closes_is_served_once(listener: socket.socket) -> None:
    class Brief(Named):
        def answer_once(self) -> None:
            told.append(self)

    told: list[asyncio.BaseProtocol] = []
    transports: list[asyncio.BaseTransport] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(partial(Brief, b"a", transports), sock=listener)
        # The loop turns no more before it is closed: the system alone has let them in.
        clients = [socket.create_connection(listener.getsockname(), PATIENCE_S) for _ in range(3)]
        server.close()
        listener.close()
        for client in clients:
            assert await loop.run_in_executor(None, client.recv, 1) == b"a"
            client.close()
        for transport in transports:
            transport.close()
        await server.wait_closed()

    loop = SharingLoop()
    loop.run_until_complete(serve())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()

    assert len(told) == 3


def test_where_the_system_refuses_a_connection_others_are_taken_later(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    class Exhausted(socket.socket):
        left = 1

        def accept(self) -> tuple[socket.socket, object]:
            if Exhausted.left:
                Exhausted.left -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr(sharing, "PAUSE_S", 0.001)
    with (
        Exhausted(fileno=listener.dup().detach()) as sock,
        capture_logs() as logs,
        serving(b"a", sock),
        socket.create_connection(listener.getsockname(), PATIENCE_S) as client,
    ):
        assert client.recv(1) == b"a"

    assert [line["event"] for line in logs] == ["no new connections"]
