"""What keys, metrics and records cost: CPU time with them, as a share of that without.

One process screens the same radiographs again and again, in turns without and with what operators
see, so that whatever else the machine does meets both. A turn is about what a process answers while
records are gathered, at full load; where less is asked, a batch has fewer records, each costs more,
and nobody goes short. The writer's thread is counted with it, and the figures are in files, as
where several processes serve.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.images import MAIN, images


def main(
    rounds: Annotated[int, typer.Option(help="Turns with and without.")] = 6,
    size: Annotated[int, typer.Option(help="Radiographs of each turn.")] = 80,
    kind: Annotated[str, typer.Option(help="Kind of the radiographs.")] = MAIN,
) -> None:
    """Measure, and print the ratio."""
    with TemporaryDirectory() as folder:
        # Before prometheus_client is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        measure(Path(folder), rounds, size, kind)


def measure(folder: Path, rounds: int, size: int, kind: str) -> None:
    """Measure with records and keys in a folder."""
    from covidxray_api.access.control import AccessControl
    from covidxray_api.access.keys import Keys
    from covidxray_api.records.database import Database
    from covidxray_api.records.screenings import Screenings
    from covidxray_api.records.secret import Secret
    from covidxray_api.records.writer import GATHER_S, Writer
    from covidxray_api.screening.screener import Screener
    from covidxray_api.screening.screening import Screening
    from covidxray_api.serving.metrics import Metrics
    from covidxray_api.serving.observer import Answered
    from covidxray_api.settings import Settings

    screener, pictures = Screener.from_settings(Settings()), images(kind)
    secret = Secret.load(folder / "records.key")
    database = Database(folder / "records.sqlite")
    database.prepare()
    metrics = Metrics()
    writer = Writer(Screenings(database, secret), secret, metrics, required=True)
    key = Keys(folder / "keys.json").create("ward-3", ["predict"])
    access = AccessControl(Keys(folder / "keys.json"))
    loop = asyncio.new_event_loop()

    def nothing(found: Screening, data: bytes) -> None:
        pass

    def count(found: Screening, data: bytes) -> None:
        metrics.in_flight(1)
        metrics.took("wait", 0.001)
        metrics.answered(Answered(found, data, "ward-3.42", "key:ward-3"))
        metrics.took("total", 0.02)
        metrics.in_flight(0)

    def record(found: Screening, data: bytes) -> None:
        count(found, data)
        writer.answered(Answered(found, data, "ward-3.42", "key:ward-3"))

    def everything(found: Screening, data: bytes) -> None:
        loop.run_until_complete(access.identify(key))
        record(found, data)

    variants: dict[str, Callable[[Screening, bytes], None]] = {
        "neither": nothing,
        "metrics": count,
        "metrics and records": record,
        "keys as well": everything,
    }
    spent = dict.fromkeys(variants, 0.0)
    with writer.running():
        screener.screen(pictures[0])
        for _ in range(rounds):
            for name, told in variants.items():
                begun = time.process_time()
                for number in range(size):
                    data = pictures[number % len(pictures)]
                    told(screener.screen(data), data)
                if told in (record, everything):
                    time.sleep(2.5 * GATHER_S)  # until all is written
                spent[name] += time.process_time() - begun
    loop.close()
    typer.echo(f"{'':22} {'CPU, ms':>8} {'ratio':>6}")
    for name, seconds in spent.items():
        each = 1000 * seconds / rounds / size
        typer.echo(f"{name:22} {each:8.3f} {seconds / spent['neither']:6.3f}")


if __name__ == "__main__":
    typer.run(main)
