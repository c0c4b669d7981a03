"""A queueing simulation of the service, fitted to measured service times.

`python -m benchmarks.simulate check` loads the real service with one and with two processes at
several rates, simulates the same, and writes docs/scaling/check.json; `plan` simulates 1 to 1,000
cores, and writes docs/scaling/plan.json. What a film costs is what `benchmarks.run` measured.

The model: requests arrive by chance (Poisson), processes take turns at them, each works on one film
at a time, first come, first served, and refuses what comes while `max_in_flight` films are in it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import simpy
import typer

from benchmarks.images import KINDS, MAIN
from benchmarks.run import ours
from benchmarks.scaling import keep
from covidxray_api.settings import Settings

MEASURED = Path(__file__).parents[1] / "docs" / "performance" / "service.json"

SHARES = (0.5, 0.7, 0.85, 1.2)
"""Rates of arrival that are looked at, as shares of what the processes can serve."""

app = typer.Typer()


@dataclass(frozen=True)
class Predicted:
    """What a simulation finds of a rate of arrivals."""

    p50_ms: float
    p99_ms: float
    refused: float
    """Share of the requests."""


def simulate(
    service_s: Sequence[float],
    rate: float,
    processes: int,
    max_in_flight: int,
    seconds: float,
    seed: int = 0,
) -> Predicted:
    """Simulate a service.

    Parameters
    ----------
    service_s : sequence of float
        Measured times of service, drawn from by chance.
    rate : float
        Requests a second.
    processes : int
        Processes, each of which works on one film at a time.
    max_in_flight : int
        Requests that a process holds, the one it works on included; it refuses any more.
    seconds : float
        How long requests arrive.
    seed : int
        Of what is drawn.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation
    world = simpy.Environment()
    workers = [simpy.Resource(world) for _ in range(processes)]
    turns = cycle(workers)
    latencies: list[float] = []
    refused = 0

    def request(worker: simpy.Resource) -> Any:
        begun = world.now
        with worker.request() as turn:
            yield turn
            yield world.timeout(chance.choice(service_s))
        latencies.append(world.now - begun)

    def arrivals() -> Any:
        nonlocal refused
        while world.now < seconds:
            yield world.timeout(chance.expovariate(rate))
            worker = next(turns)
            if worker.count + len(worker.queue) >= max_in_flight:
                refused += 1
            else:
                world.process(request(worker))

    world.process(arrivals())
    world.run()
    p50, p99 = np.percentile(latencies, [50, 99]) * 1e3
    return Predicted(float(p50), float(p99), refused / (refused + len(latencies)))


def measured(kind: str = MAIN) -> tuple[list[float], float]:
    """Return how times of service spread, and CPU seconds of a request, as `benchmarks.run` found.

    The spread is that of the in-process limit: of a hundred films, 98 take the median, and two as
    long as the 99th percentile.
    """
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    quantiles = found["limit"][kind]["latency_ms"]
    spread = [quantiles["p50"]] * 98 + [quantiles["p99"]] * 2
    return spread, found["kinds"][kind]["cpu_ms_per_request"] / 1e3


def scaled(spread: Sequence[float], mean: float) -> list[float]:
    """Return times that spread alike and have another mean."""
    return [each * mean / float(np.mean(spread)) for each in spread]


@app.command()
def check(seconds: float = 20.0, clients: int = 256) -> None:
    """Compare the simulation with the real service, at one and at two processes."""
    found = []
    spread, _ = measured()
    for processes in (1, 2):
        with ours(processes, threads=1) as service:
            most = service.load(kind=MAIN, clients=4 * processes, seconds=seconds)
            times = scaled(spread, processes / most["films_per_second"])
            for share in SHARES:
                rate = share * most["films_per_second"]
                real = service.load(
                    kind=MAIN, clients=clients, seconds=seconds, rate=rate, arrivals="poisson"
                )
                said = simulate(times, rate, processes, Settings().max_in_flight, seconds=600)
                asked = real["served"] + real["refused"]
                p99 = real["latency_ms"]["p99"]
                found.append(
                    {
                        "processes": processes,
                        "share_of_the_most": share,
                        "requests_per_second": rate,
                        "p99_ms": {"measured": p99, "simulated": said.p99_ms},
                        "p99_off_by": said.p99_ms / p99 - 1,
                        "refused": {
                            "measured": real["refused"] / asked,
                            "simulated": said.refused,
                        },
                    }
                )
                typer.echo(json.dumps(found[-1]))
    keep("check.json", found)


@app.command()
def plan() -> None:
    """Simulate the service on one core, and on more than there are here."""
    spread, cpu_s = measured()
    times = scaled(spread, cpu_s)
    service = json.loads(MEASURED.read_text(encoding="utf-8"))
    costs = {
        kind: {
            "in_process_ms": service["limit"][kind]["cpu_ms_per_film"],
            "over_http_ms": service["kinds"][kind]["cpu_ms_per_request"],
        }
        for kind in KINDS
    }
    queue = []
    for processes in (1, 10, 100, 1000):
        for share in (0.5, 0.7, 0.85, 0.95):
            rate = share * processes / cpu_s
            seconds = max(0.5, 40_000 / rate)
            said = simulate(times, rate, processes, Settings().max_in_flight, seconds)
            queue.append({"cores": processes, "share": share, "rate": rate, **asdict(said)})
    keep("plan.json", {"measured": service["machine"], "costs": costs, "queue": queue})


if __name__ == "__main__":
    app()
