"""A protocol of lines over TCP: all that it needs is in `serving`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from covidxray_api.decoding.deadline import seconds_left
from covidxray_api.errors import CovidXrayError
from covidxray_api.serving.composition import compose
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import Settings


class LineProtocol:
    """Reads a number of bytes and an image, and writes the label or the code of the error."""

    def __init__(self, service: ScreeningService) -> None:
        self._service = service

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        async with (
            self._service.running(),
            await asyncio.start_server(self._serve, "127.0.0.1", 0) as server,
        ):
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with self._service.admit() as request:
                data = await reader.readexactly(int(await reader.readline()))
                screening = await request.run(lambda screener: screener.screen(data))
            answer = screening.decision.label.code if screening.decision else "rejected"
        except CovidXrayError as error:
            answer = error.code
        writer.write(f"{answer}\n".encode())
        writer.close()


async def ask(port: int, data: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"%d\n%s" % (len(data), data))
    answer = (await reader.readline()).decode().strip()
    writer.close()
    await writer.wait_closed()
    return answer


def test_another_protocol_needs_the_service_alone(
    film: bytes, no_film: bytes, tmp_path: Path
) -> None:
    async def converse() -> list[str]:
        protocol = LineProtocol(compose(Settings(), start_first=True))
        async with protocol.listening() as port:
            return [await ask(port, data) for data in (film, no_film, b"text", b"")]

    assert asyncio.run(converse()) == ["normal", "rejected", "unsupported-format", "empty-file"]


def test_what_the_service_refuses_reaches_another_protocol_in_its_own_words(tmp_path: Path) -> None:
    async def converse() -> str:
        protocol = LineProtocol(compose(Settings(reference=tmp_path)))
        async with protocol.listening() as port:
            return await ask(port, b"")

    assert asyncio.run(converse()) == "not-ready"


def test_decoding_knows_the_deadline_of_its_request() -> None:
    async def left() -> float:
        service = compose(Settings(deadline_s=20.0), start_first=True)
        async with service.running():
            with service.admit() as request:
                return await request.run(lambda _: seconds_left())

    assert 0 < asyncio.run(left()) <= 20
