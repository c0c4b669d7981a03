"""Head and content of an answer leave together."""

from __future__ import annotations

import asyncio

from covidxray_api.api.gathering import GatheringTransport


class Wire(asyncio.Transport):
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_a_head_waits_for_its_content() -> None:
    async def answer() -> list[bytes]:
        wire = Wire()
        gathering = GatheringTransport(wire, asyncio.get_running_loop())
        gathering.write(b"head ")
        gathering.write(b"content")
        gathering.write(b"")
        await asyncio.sleep(0)
        return wire.sent

    assert asyncio.run(answer()) == [b"head content"]


def test_what_nothing_follows_is_sent_in_the_same_turn() -> None:
    async def answer() -> list[bytes]:
        wire = Wire()
        GatheringTransport(wire, asyncio.get_running_loop()).write(b"HTTP/1.1 100 Continue")
        await asyncio.sleep(0)
        return wire.sent

    assert asyncio.run(answer()) == [b"HTTP/1.1 100 Continue"]


def test_what_is_held_is_sent_before_the_end_and_nothing_after_it() -> None:
    async def answer() -> Wire:
        wire = Wire()
        gathering = GatheringTransport(wire, asyncio.get_running_loop())
        gathering.write(b"last")
        gathering.close()
        await asyncio.sleep(0)
        return wire

    wire = asyncio.run(answer())
    assert wire.sent == [b"last"]
    assert wire.closed


def test_what_is_held_is_dropped_where_the_client_has_gone() -> None:
    async def answer() -> list[bytes]:
        wire = Wire()
        gathering = GatheringTransport(wire, asyncio.get_running_loop())
        gathering.write(b"too late")
        wire.close()
        await asyncio.sleep(0)
        return wire.sent

    assert asyncio.run(answer()) == []
