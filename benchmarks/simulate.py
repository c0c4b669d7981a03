"""A queueing simulation of the service, fitted to measured service times.

`python -m benchmarks.simulate check` loads the real service with one and with two processes at
several rates, simulates the same, and writes docs/scaling/check.json; `plan` simulates 1 to 1,000
cores, and writes docs/scaling/plan.json. What a film costs there is what `benchmarks.run` measured.

The model: each process works on one film at a time, first come, first served, and refuses what
comes while `max_in_flight` films are in it. A balancer hands requests to the processes in turns; or
clients keep connections, and a connection stays with the process that has accepted it, so that
films may wait in one process while another idles.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import simpy
import typer

from benchmarks.images import KINDS, MAIN
from benchmarks.load import moments
from benchmarks.processes import Service
from benchmarks.run import ours
from benchmarks.scaling import keep
from covidxray_api.settings import Settings

MEASURED = Path(__file__).parents[1] / "docs" / "performance" / "service.json"

SHARES = (0.5, 0.7, 0.85, 1.2)
"""Rates of arrival that are looked at, as shares of what the processes can serve."""

CLIENTS = 256
"""Connections of the load that the simulation is compared with."""

RUNS = 21
"""Simulations of a rate, which differ in what is drawn; the median counts."""

app = typer.Typer()


@dataclass(frozen=True)
class Costs:
    """Times of a film."""

    service_s: Sequence[float]
    """In a process, drawn from by chance, while the other processes idle."""

    contention: float = 1.0
    """How many times that it takes while all other processes work; in between by their share."""

    besides_s: float = 0.0
    """Before and after, when the process can work on other films."""


@dataclass(frozen=True)
class Predicted:
    """What a simulation finds."""

    p50_ms: float
    p99_ms: float
    refused: float
    """Share of the requests."""


def simulate(
    costs: Costs,
    arrivals: Iterable[float],
    processes: int,
    max_in_flight: int,
    connections: int | None = None,
    seed: int = 0,
) -> Predicted:
    """Simulate a service.

    Parameters
    ----------
    costs : Costs
        Times of a film.
    arrivals : iterable of float
        When requests are made, in seconds, ascending.
    processes : int
        Processes, each of which works on one film at a time.
    max_in_flight : int
        Requests that a process holds, the one it works on included; it refuses any more.
    connections : int, optional
        Clients with a connection each: a request is made by the one that idles longest. If none, a
        balancer hands requests out in turns.
    seed : int
        Of what is drawn.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation
    world = simpy.Environment()
    workers = [simpy.Resource(world) for _ in range(processes)]
    turns = cycle(workers)
    latencies: list[float] = []
    refused = 0

    def held(worker: simpy.Resource) -> int:
        return int(worker.count + len(worker.queue))

    def accepting() -> simpy.Resource:
        """Return the process that takes a new connection: one that idles is faster to wake."""
        return min(workers, key=lambda worker: (held(worker) > 0, chance.random()))

    def service_s() -> float:
        others = sum(worker.count for worker in workers) - 1
        slower = (costs.contention - 1) * others / max(processes - 1, 1)
        return float(chance.choice(costs.service_s) * (1 + slower))

    def answered(worker: simpy.Resource, due: float) -> Any:
        nonlocal refused
        if held(worker) >= max_in_flight:
            refused += 1
            return
        with worker.request() as turn:
            yield turn
            yield world.timeout(service_s())
        yield world.timeout(costs.besides_s)
        latencies.append(world.now - due)

    def client(requests: simpy.Store) -> Any:
        worker = None
        while True:
            due = yield requests.get()
            worker = worker or accepting()
            yield from answered(worker, due)

    def balancer() -> Any:
        for due in arrivals:
            yield world.timeout(due - world.now)
            world.process(answered(next(turns), due))

    def crowd(requests: simpy.Store) -> Any:
        for due in arrivals:
            yield world.timeout(due - world.now)
            yield requests.put(due)

    if connections is None:
        world.process(balancer())
    else:
        requests = simpy.Store(world)
        for _ in range(connections):
            world.process(client(requests))
        world.process(crowd(requests))
    world.run()
    p50, p99 = np.percentile(latencies, [50, 99]) * 1e3
    return Predicted(float(p50), float(p99), refused / (refused + len(latencies)))


def scaled(spread: Sequence[float], mean: float) -> list[float]:
    """Return times that spread alike and have another mean."""
    return [each * mean / float(np.mean(spread)) for each in spread]


def measured(kind: str = MAIN) -> Costs:
    """Return what a film costs over HTTP, as `benchmarks.run` found.

    The spread is that of the in-process limit: of a hundred films, 98 take the median, and two as
    long as the 99th percentile.
    """
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    quantiles = found["limit"][kind]["latency_ms"]
    spread = [quantiles["p50"]] * 98 + [quantiles["p99"]] * 2
    return Costs(scaled(spread, found["kinds"][kind]["cpu_ms_per_request"] / 1e3))


def costs_of(service: Service, processes: int, one: float, most: float, seconds: float) -> Costs:
    """Return what a film costs a service.

    As many clients as processes, each of which waits for its answers, see all of a film's time and
    how it varies while all processes work. The processes serve more than so many clients, since
    part of that time holds nobody up.

    Parameters
    ----------
    service : Service
        Of so many processes.
    processes : int
        Their number.
    one, most : float
        Films a second that one process serves if it is never without one, and that all do.
    seconds : float
        Length of the load.
    """
    found = service.load(kind=MAIN, clients=processes, seconds=seconds, values=100)
    latencies_s = [each / 1e3 for each in found["spread_ms"]]
    together_s = processes / most
    return Costs(
        service_s=scaled(latencies_s, 1 / one),
        contention=max(1.0, together_s * one),
        besides_s=max(0.0, float(np.mean(latencies_s)) - together_s),
    )


@app.command()
def check(seconds: float = 30.0) -> None:
    """Compare the simulation with the real service, at one and at two processes.

    What films cost is measured first, by other loads than those that are compared.
    """
    found: dict[str, Any] = {"costs": {}, "rates": []}
    one = 0.0
    for processes in (1, 2):
        with ours(processes, threads=1) as service:
            load = service.load(kind=MAIN, clients=4 * processes, seconds=seconds)
            most = load["films_per_second"]
            one = one or most
            costs = costs_of(service, processes, one, most, seconds)
            found["costs"][str(processes)] = {
                "service_ms": float(np.mean(costs.service_s)) * costs.contention * 1e3,
                "besides_ms": costs.besides_s * 1e3,
            }
            found["rates"] += compared(service, costs, processes, most, seconds)
    keep("check.json", found)


def compared(
    service: Service, costs: Costs, processes: int, most: float, seconds: float
) -> list[dict[str, Any]]:
    """Return what is measured and what is simulated at each rate; the requests leave alike."""
    found = []
    for share in SHARES:
        rate = share * most
        real = service.load(
            kind=MAIN, clients=CLIENTS, seconds=seconds, rate=rate, arrivals="poisson"
        )
        arrivals = moments(seconds, rate, "poisson")
        limit = Settings().max_in_flight
        said = [simulate(costs, arrivals, processes, limit, CLIENTS, seed) for seed in range(RUNS)]
        p99 = real["latency_ms"]["p99"]
        simulated = float(np.median([each.p99_ms for each in said]))
        found.append(
            {
                "processes": processes,
                "share_of_the_most": share,
                "requests_per_second": rate,
                "p99_ms": {"measured": p99, "simulated": simulated},
                "p99_off_by": simulated / p99 - 1,
                "refused": {
                    "measured": real["refused"] / (real["served"] + real["refused"]),
                    "simulated": float(np.mean([each.refused for each in said])),
                },
            }
        )
        typer.echo(json.dumps(found[-1]))
    return found


@app.command()
def plan() -> None:
    """Simulate the service on one core, and on more than there are here."""
    costs = measured()
    service = json.loads(MEASURED.read_text(encoding="utf-8"))
    told = {
        kind: {
            "in_process_ms": service["limit"][kind]["cpu_ms_per_film"],
            "over_http_ms": service["kinds"][kind]["cpu_ms_per_request"],
        }
        for kind in KINDS
    }
    queue = []
    for processes in (1, 10, 100, 1000):
        for share in (0.5, 0.7, 0.85, 0.95):
            rate = share * processes / float(np.mean(costs.service_s))
            arrivals = moments(max(0.5, 40_000 / rate), rate, "poisson")
            said = simulate(costs, arrivals, processes, Settings().max_in_flight)
            queue.append({"cores": processes, "share": share, "rate": rate, **asdict(said)})
    keep("plan.json", {"measured": service["machine"], "costs": told, "queue": queue})


if __name__ == "__main__":
    app()
