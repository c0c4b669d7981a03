"""Goodput at five times capacity: `python -m benchmarks.overload`.

Peak throughput, then requests at five times that rate whatever is answered, then peak again, all
in one run: films answered under overload, as a share of the mean peak. The load generator works on
the same cores, and more so under overload; what the service alone loses shows in its own CPU time:
films answered a CPU second, under overload and at peak.
"""

from __future__ import annotations

from statistics import fmean
from typing import Annotated

import typer

from benchmarks.images import MAIN
from benchmarks.run import ours

TIMES = 5
"""Arrivals under overload, in multiples of the peak."""


def main(
    seconds: Annotated[float, typer.Option(help="Length of each load.")] = 5.0,
    workers: Annotated[int, typer.Option(help="Processes that serve.")] = 2,
    turns: Annotated[int, typer.Option(help="Turns of peak and overload.")] = 2,
) -> None:
    """Measure, and print it."""
    with ours(workers, max_in_flight=8) as service:
        peaks = [service.load(kind=MAIN, clients=4 * workers, seconds=seconds)]
        overs = []
        for _ in range(turns):
            rate = round(TIMES * peaks[-1]["films_per_second"])
            overs.append(service.load(kind=MAIN, clients=256, seconds=2 * seconds, rate=rate))
            peaks.append(service.load(kind=MAIN, clients=4 * workers, seconds=seconds))
    film = fmean(each["cpu_ms_per_request"] for each in peaks)
    peak = fmean(each["films_per_second"] for each in peaks)
    typer.echo(f"Peak: {peak:.0f} films/s, {film:.2f} ms of CPU each")
    for over in overs:
        asked = over["served"] + over["refused"]
        spent = over["cpu_ms_per_request"] * asked
        refusal = (spent - over["served"] * film) / over["refused"]
        late, taken = over["refusal_ms"], over["latency_ms"]
        typer.echo(
            f"Asked at {asked / over['seconds'] / peak:.1f} times that:"
            f" {over['films_per_second']:.0f} films/s, {over['films_per_second'] / peak:.1%} of it;"
            f" a CPU second of the service, {over['served'] * film / spent:.1%}\n"
            f"  a refusal costs {refusal:.3f} ms of CPU, the load generator takes"
            f" {over['generator_cores']:.2f} cores ({peaks[0]['generator_cores']:.2f} at peak)\n"
            f"  refusals p99 {late['p99']:.0f} ms, at most {late['max']:.0f};"
            f" accepted p99 {taken['p99']:.0f} ms, at most {taken['max']:.0f};"
            f" crossed {over['crossed']}, failed {over['failed']}"
        )


if __name__ == "__main__":
    typer.run(main)
