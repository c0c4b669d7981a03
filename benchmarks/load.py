"""The load: a process of its own, which asks, waits, checks each answer, and prints figures.

Closed loop: each client asks again as soon as it has its answer. Open loop: requests leave at a
rate, whatever has been answered, and wait for a connection if all are busy; their latency counts
from when they were due.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import typer
import uvloop
from numpy.typing import NDArray

from benchmarks.images import MAIN, images

Arrivals = Literal["even", "poisson"]

PATIENCE = 60
"""Seconds that one answer is waited for."""


@dataclass
class Tally:
    """What came back."""

    served: list[float] = field(default_factory=list)
    """Latency of each answer, in seconds."""

    refused: list[float] = field(default_factory=list)
    """Latency of each 503."""

    failed: int = 0
    """Any other status, or no answer."""

    crossed: int = 0
    """Answers that belong to another image."""


class Client(asyncio.Protocol):
    """One connection, which is kept.

    A protocol, not streams: what generating the load costs is taken from the service's cores.
    """

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self._port = port
        self._requests = requests
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._ended = asyncio.Event()

    async def ask(self, number: int) -> tuple[int, bytes]:
        """Send one of the images and return status and body."""
        loop = asyncio.get_running_loop()
        if self._transport is not None and self._transport.is_closing():
            await self._ended.wait()
        if self._transport is None:
            self._ended.clear()
            connecting = loop.create_connection(lambda: self, "127.0.0.1", self._port)
            self._transport, _ = await connecting
        self._received = b""
        self._answer = loop.create_future()
        self._transport.write(self._requests[number % len(self._requests)])
        return await self._answer

    def data_received(self, data: bytes) -> None:
        """Wait until the answer is whole."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(None, 1)[0])
        if len(body) >= length:
            if b"connection: close" in head.lower() and self._transport is not None:
                self._transport.close()
            self._answer.set_result((int(head.split(None, 2)[1]), body))

    def connection_lost(self, _: Exception | None) -> None:
        """Give up the answer, if one was waited for."""
        self._transport = None
        self._ended.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("The service hung up."))

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.close()


def _form(path: str, picture: bytes) -> bytes:
    """Return a request as `curl -F file=@picture` sends it."""
    body = (
        b'--limit\r\nContent-Disposition: form-data; name="file"; filename="film"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + picture + b"\r\n--limit--\r\n"
    )
    head = (
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
        b"Content-Type: multipart/form-data; boundary=limit\r\n\r\n"
    )
    return head % (path.encode(), len(body)) + body


async def one(client: Client, number: int, expected: list[Any], tally: Tally, due: float) -> None:
    """Ask once and tally what came back."""
    try:
        async with asyncio.timeout(PATIENCE):
            status, body = await client.ask(number)
    except (OSError, EOFError, TimeoutError):
        tally.failed += 1
        client.close()
        return
    latency = time.perf_counter() - due
    if status == 200:
        tally.served.append(latency)
        said = json.loads(body)["probabilities"]
        # No two of the images have the same probabilities.
        tally.crossed += bool(said != expected[number % len(expected)])
    elif status == 503:
        tally.refused.append(latency)
    else:
        tally.failed += 1


async def closed_loop(clients: list[Client], seconds: float, expected: list[Any]) -> Tally:
    """Let every client ask one image after the other."""
    tally = Tally()
    end = time.perf_counter() + seconds

    async def repeat(client: Client, number: int) -> None:
        while time.perf_counter() < end:
            await one(client, number, expected, tally, time.perf_counter())
            number += 1

    await asyncio.gather(*(repeat(client, 5 * n) for n, client in enumerate(clients)))
    return tally


def moments(seconds: float, rate: float, arrivals: Arrivals) -> NDArray[np.float64]:
    """Return when requests leave, in seconds from the start: the same at every call."""
    count = int(seconds * rate)
    chance = np.random.default_rng(0)
    gaps = (
        chance.exponential(1 / rate, count) if arrivals == "poisson" else np.full(count, 1 / rate)
    )
    return np.cumsum(gaps)


async def open_loop(
    clients: list[Client], seconds: float, rate: float, expected: list[Any], arrivals: Arrivals
) -> Tally:
    """Ask at a rate: evenly, or by chance, as a Poisson process."""
    tally = Tally()
    due_requests: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()

    async def serve(client: Client) -> None:
        while (request := await due_requests.get()) is not None:
            number, due = request
            await one(client, number, expected, tally, due)

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(serve(client))
        begun = time.perf_counter()
        for number, after in enumerate(moments(seconds, rate, arrivals)):
            due = begun + after
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            due_requests.put_nowait((number, due))
        for _ in clients:
            due_requests.put_nowait(None)
    return tally


def spread(latencies: list[float], number: int) -> list[float]:
    """Return evenly spread quantiles, in milliseconds: as many values that stand for all."""
    shares = (np.arange(number) + 0.5) / number
    return [float(each) for each in np.quantile(latencies, shares) * 1e3] if latencies else []


def quantiles(latencies: list[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the largest, in milliseconds."""
    if not latencies:
        return {}
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99]) * 1e3
    return {"p50": p50, "p95": p95, "p99": p99, "max": max(latencies) * 1e3}


async def run(
    port: int,
    path: str,
    kind: str,
    clients: int,
    seconds: float,
    rate: float | None,
    arrivals: Arrivals,
    values: int,
) -> dict[str, Any]:
    """Warm up, load, and sum up."""
    pictures = images(kind)
    requests = [_form(path, picture) for picture in pictures]
    first = Client(port, requests)
    expected = [
        json.loads((await first.ask(number))[1])["probabilities"] for number in range(len(pictures))
    ]
    first.close()
    crowd = [Client(port, requests) for _ in range(clients)]
    begun, cpu = time.perf_counter(), time.process_time()
    tally = await (
        open_loop(crowd, seconds, rate, expected, arrivals)
        if rate
        else closed_loop(crowd, seconds, expected)
    )
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    for client in crowd:
        client.close()
    return {
        "seconds": took,
        "generator_cores": spent / took,
        "served": len(tally.served),
        "films_per_second": len(tally.served) / took,
        "latency_ms": quantiles(tally.served),
        **({"spread_ms": spread(tally.served, values)} if values else {}),
        "refused": len(tally.refused),
        "refusal_ms": quantiles(tally.refused),
        "failed": tally.failed,
        "crossed": tally.crossed,
    }


def main(
    port: int,
    path: str = "/predict",
    kind: str = MAIN,
    clients: int = 8,
    seconds: float = 5.0,
    rate: Annotated[float | None, typer.Option(help="Requests a second, for an open loop.")] = None,
    arrivals: Annotated[
        Arrivals, typer.Option(help="Whether they leave evenly, or as a Poisson process.")
    ] = "even",
    values: Annotated[int, typer.Option(help="Latencies to tell, evenly spread quantiles.")] = 0,
) -> None:
    """Load a service on this machine and print what came back as JSON."""
    came_back = run(port, path, kind, clients, seconds, rate, arrivals, values)
    typer.echo(json.dumps(uvloop.run(came_back)))


if __name__ == "__main__":
    typer.run(main)
