"""What it costs to know who calls: CPU time of a screening by an open service and by a closed one.

`python -m benchmarks.access` screens one image again and again within this process, without
sockets, in turns, so that other work of the machine weighs on both alike.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import structlog

from covidxray_api.access.keys import Keys
from covidxray_api.api.app import create_app
from covidxray_api.settings import Settings

ROUNDS, REQUESTS = 60, 10
KEYS = 100
FILM = Path(__file__).parents[1] / "examples" / "normal.png"


async def _client(stack: AsyncExitStack, settings: Settings, key: str) -> httpx.AsyncClient:
    app = create_app(settings, start_first=True)
    await stack.enter_async_context(app.router.lifespan_context(app))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://service",
        headers={"Authorization": f"Bearer {key}"},
    )
    return await stack.enter_async_context(client)


async def _cpu_ms(client: httpx.AsyncClient, film: bytes) -> float:
    begun = time.process_time()
    for _ in range(REQUESTS):
        (await client.post("/predict", content=film)).raise_for_status()
    return (time.process_time() - begun) * 1000 / REQUESTS


async def measure(folder: Path) -> None:
    """Print the CPU time of a request, and the difference between an open and a closed service."""
    path = folder / "keys.json"
    keys = [Keys(path).create(f"ward-{number}", ["predict"]) for number in range(KEYS)]
    records = folder / "records.sqlite"
    closed = Settings(
        keys=path, client_rate="1000000/minute", client_in_flight=8, records=records, workers=1
    )
    film = FILM.read_bytes()
    async with AsyncExitStack() as stack:
        without = await _client(stack, Settings(records=records, workers=1), keys[-1])
        known = await _client(stack, closed, keys[-1])
        for client in (without, known):
            await _cpu_ms(client, film)
        pairs = [(await _cpu_ms(without, film), await _cpu_ms(known, film)) for _ in range(ROUNDS)]
    open_ms = statistics.median(pair[0] for pair in pairs)
    more_ms = statistics.median(pair[1] - pair[0] for pair in pairs)
    print(f"open {open_ms:.2f} ms; with key, rate and number at once {more_ms:+.3f} ms", end="")
    print(f" ({more_ms / open_ms:+.1%}), medians of {ROUNDS} rounds of {REQUESTS}")


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    with TemporaryDirectory() as temporary:
        asyncio.run(measure(Path(temporary)))
