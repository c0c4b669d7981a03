"""The bulk job: `python -m benchmarks.bulk FOLDER` writes docs/scaling/bulk.json.

Its rate against the in-process limit, in turns in one run; kill -9 on the way, with every film once
in the table; and its memory over one and over twenty times as many films.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer

from benchmarks.scaling import keep
from covidxray_api.bulk.film_screener import Job
from covidxray_api.bulk.job import Output, run
from covidxray_api.bulk.sources import find
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

SCREEN = (sys.executable, "-c", "from covidxray_api.cli import app; app()", "screen")


def _share(films: list[str], begin: Any, spent: Any) -> None:
    screener = Screener.from_settings(Settings())
    screener.models.get()
    begin.wait()
    cpu = time.process_time()
    for film in films:
        screener.screen(Path(film).read_bytes())
    spent.put(time.process_time() - cpu)


def limit(films: list[str], processes: int) -> dict[str, float]:
    """Return the rate at which processes screen films that share nothing and keep no answer."""
    context = multiprocessing.get_context("spawn")
    begin, spent = context.Barrier(processes + 1), context.Queue()
    workers = [
        context.Process(target=_share, args=(films[n::processes], begin, spent))
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    begin.wait()
    begun = time.perf_counter()
    cpu = sum(spent.get() for _ in workers)
    seconds = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    return {"films_per_second": len(films) / seconds, "cpu_ms_per_film": cpu / len(films) * 1e3}


def rate(films: list[str], processes: int) -> dict[str, float]:
    """Return the rate of the job over the same films, with its start and from the first row on."""
    advanced: list[float] = []
    with TemporaryDirectory() as folder:
        begun = time.perf_counter()
        manifest = Path(folder) / "films.txt"
        manifest.write_text("\n".join(str(Path(film).resolve()) for film in films))
        output = Output(Path(folder) / "films.parquet")
        run(
            [str(manifest)],
            Job(Settings()),
            output,
            processes,
            advanced=lambda more: advanced.append(time.perf_counter()) if more else None,
        )
        seconds = time.perf_counter() - begun
    return {
        "with_start": len(films) / seconds,
        "films_per_second": (len(films) - 1) / (advanced[-1] - advanced[0]),
    }


def kills(films: list[str], times: int) -> dict[str, Any]:
    """Kill the job again and again, finish it, and return how often each film is in the table."""
    with TemporaryDirectory() as folder:
        manifest, out = Path(folder) / "films.txt", Path(folder) / "films.jsonl"
        manifest.write_text("\n".join(str(Path(film).resolve()) for film in films))
        command, done = [*SCREEN, str(manifest), "--out", str(out)], []
        for number in range(times):
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as job:  # noqa: S603
                journal = Path(f"{out}.journal")
                while _kept(journal) < len(films) * (number + 1) / (times + 1):
                    time.sleep(0.05)
                os.kill(job.pid, signal.SIGKILL)
            done.append(_kept(journal))
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        lines = out.read_text(encoding="utf-8").splitlines()
    found = Counter(json.loads(line)["path"] for line in lines)
    expected = Counter(str(Path(film).resolve()) for film in films)
    return {"films": len(films), "rows_at_each_kill": done, "each_once": found == expected}


def _kept(journal: Path) -> int:
    """Return the rows that are committed; a job holds its journal, which is read beside it."""
    try:
        with sqlite3.connect(f"file:{journal}?mode=ro&immutable=1", uri=True) as database:
            found: int = database.execute("SELECT count(*) FROM films").fetchone()[0]
            return found
    except sqlite3.Error:
        return 0


@contextmanager
def _copies(films: list[str], count: int) -> Iterator[list[str]]:
    """Yield folders that hold the same films under other names."""
    with TemporaryDirectory() as folder:
        for number in range(count):
            place = Path(folder) / str(number)
            place.mkdir()
            for film in films:
                (place / Path(film).name).symlink_to(Path(film).resolve())
        yield [str(Path(folder) / str(number)) for number in range(count)]


def memory(films: list[str], times: int) -> dict[str, Any]:
    """Return the largest memory of the job, all its processes together, in megabytes."""
    with _copies(films, times) as folders, TemporaryDirectory() as folder:
        out = Path(folder) / "films.parquet"
        largest = main = 0.0
        command = [*SCREEN, *folders, "--out", str(out)]
        silent = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=silent, stderr=silent) as job:  # noqa: S603
            process = psutil.Process(job.pid)
            while job.poll() is None:
                try:
                    own = process.memory_info().rss
                    tree = own + sum(p.memory_info().rss for p in process.children(recursive=True))
                except psutil.NoSuchProcess:
                    continue
                largest, main = max(largest, tree / 2**20), max(main, own / 2**20)
                time.sleep(0.2)
    return {"films": len(films) * times, "largest_mb": largest, "main_process_mb": main}


def main(
    folder: Path,
    films: Annotated[int, typer.Option(help="Films of the rates and of the kills.")] = 2000,
    times_killed: int = 10,
    turns: int = 2,
    memory_films: Annotated[
        int, typer.Option(help="Films of which 1 and 20 copies are read.")
    ] = 100,
    times: int = 20,
) -> None:
    """Measure the bulk job over the films of a folder."""
    every = list(find([str(folder)]))
    step = max(1, len(every) // films)
    chosen = list(islice(every[::step], films))
    processes = len(os.sched_getaffinity(0))
    found: dict[str, Any] = {"cores": processes, "films": len(chosen), "turns": []}
    typer.echo(f"{turns} turns over {len(chosen):,} films, by the limit and by the job …")
    for _ in range(turns):
        most, job = limit(chosen, processes), rate(chosen, processes)
        turn = {
            "limit": most,
            "job": job,
            "of_the_limit": job["films_per_second"] / most["films_per_second"],
            "load_average": os.getloadavg()[0],
        }
        found["turns"].append(turn)
        typer.echo(json.dumps(turn))
    typer.echo(f"{times_killed} kills …")
    found["kills"] = kills(chosen, times_killed)
    typer.echo(json.dumps(found["kills"]))
    typer.echo("Memory …")
    found["memory"] = [memory(chosen[:memory_films], copies) for copies in (1, times)]
    typer.echo(json.dumps(found["memory"]))
    keep("bulk.json", found)


if __name__ == "__main__":
    typer.run(main)
