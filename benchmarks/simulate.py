"""A queueing simulation of the service, fitted to measured service times.

`python -m benchmarks.simulate fit` measures what a film costs, by size and format, and writes
docs/scaling/cost.json; `check` loads the real service with one and with two processes at several
rates, simulates the same, and writes docs/scaling/check.json; `plan` simulates 10, 100 and 1,000
cores, and writes docs/scaling/plan.json.

The model: requests arrive by chance (Poisson), processes take turns at them, each works on one film
at a time, first come, first served, and refuses what comes while `max_in_flight` films are in it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import simpy
import typer

from benchmarks.images import KINDS, MAIN, images
from benchmarks.run import ours
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

FOLDER = Path(__file__).parents[1] / "docs" / "scaling"
COST, CHECK, PLAN = (FOLDER / f"{name}.json" for name in ("cost", "check", "plan"))

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


def service_times(kind: str, films: int) -> tuple[list[float], list[float]]:
    """Return wall and CPU seconds of each of some films of a kind, one after the other."""
    screener = Screener.from_settings(Settings())
    pictures = images(kind)
    wall, cpu = [], []
    for number in range(films + len(pictures)):
        begun, spent = time.perf_counter(), time.thread_time()
        screener.screen(pictures[number % len(pictures)])
        wall.append(time.perf_counter() - begun)
        cpu.append(time.thread_time() - spent)
    return wall[len(pictures) :], cpu[len(pictures) :]


def _written(path: Path, found: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    typer.echo(json.dumps(found, indent=2))


@app.command()
def fit(films: int = 200) -> None:
    """Measure what a film costs, by size and format."""
    found = {}
    for kind in KINDS:
        wall, cpu = service_times(kind, films)
        p50, p99 = np.percentile(wall, [50, 99]) * 1e3
        found[kind] = {
            "cpu_ms": float(np.mean(cpu) * 1e3),
            "wall_ms": {"p50": float(p50), "p99": float(p99)},
            "cpu_hours_per_million_films": float(np.mean(cpu) * 1e6 / 3600),
        }
    _written(COST, found)


@app.command()
def check(seconds: float = 20.0, clients: int = 256) -> None:
    """Compare the simulation with the real service, at one and at two processes."""
    found = []
    _, alone = service_times(MAIN, 300)
    for processes in (1, 2):
        with ours(processes, threads=1) as service:
            most = service.load(kind=MAIN, clients=4 * processes, seconds=seconds)
            # How times of service spread is measured without HTTP, how long they are with it.
            factor = processes / most["films_per_second"] / float(np.mean(alone))
            times = [factor * each for each in alone]
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
    _written(CHECK, found)


@app.command()
def plan(cores: tuple[int, int, int] = (10, 100, 1000)) -> None:
    """Simulate the service on more cores than there are here, with the costs of `fit`."""
    if not COST.is_file():
        fit()
    cost = json.loads(COST.read_text())[MAIN]
    _, spread = service_times(MAIN, 300)
    # A core does nothing else but what a film costs it.
    times = [each / float(np.mean(spread)) * cost["cpu_ms"] / 1e3 for each in spread]
    found = []
    for processes in cores:
        for share in SHARES:
            rate = share * processes / float(np.mean(times))
            seconds = min(120.0, 60_000 / rate)
            said = simulate(times, rate, processes, Settings().max_in_flight, seconds)
            found.append({"cores": processes, "share": share, "rate": rate, **asdict(said)})
    _written(PLAN, found)


if __name__ == "__main__":
    app()
