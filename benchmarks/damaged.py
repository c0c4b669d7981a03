"""Damaged files, many of them: `python -m benchmarks.damaged --files 100000`.

Writes the figures into docs/reliability/damaged.json. Each share of the files is decoded in a
process of its own, whose end would be counted as a crash.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections import Counter
from typing import Annotated, Any

import typer
from tests.decoding.corpus import corpus, damaged

from benchmarks.processes import ROOT
from covidxray_api.decoding import Limits, decode, jpeg_ls
from covidxray_api.errors import RadiographError

LIMITS = Limits(max_pixels=1_000_000, min_side=32)

_SHARE = 2_000
_SLOW = 5.0


def _ended_its_process(error: RadiographError) -> bool:
    """Whether the process that decodes JPEG-LS was ended over the file, by its bound or a crash."""
    failed = error.__cause__
    return isinstance(failed, jpeg_ls.Failed) and failed.__cause__ is not None


def _decoded(first: int, end: int) -> dict[str, Any]:
    seeds = list(corpus().items())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes: Counter[str] = Counter()
    slowest, slowest_of, faults = 0.0, "", []
    for number in range(first, end):
        name, data = seeds[number % len(seeds)]
        begun = time.perf_counter()
        try:
            decode(damaged(data, number), LIMITS)
            outcomes["answered"] += 1
        except RadiographError as error:
            outcomes[error.code] += 1
            outcomes["jpeg_ls_ended"] += _ended_its_process(error)
        except Exception as error:
            outcomes["fault"] += 1
            faults.append(f"{name} {number}: {error!r}"[:200])
        if (took := time.perf_counter() - begun) > slowest:
            slowest, slowest_of = took, f"{name} {number}"
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "outcomes": dict(outcomes),
        "slowest_s": slowest,
        "slowest_of": slowest_of,
        "faults": faults,
        "added_mb": added / 1024,
    }


def _share(first: int, end: int, answers: multiprocessing.Queue[dict[str, Any]]) -> None:
    answers.put(_decoded(first, end))


def main(
    files: Annotated[int, typer.Option(help="How many are damaged.")] = 100_000,
    first: Annotated[int, typer.Option(help="Number of the first.")] = 0,
    jobs: int = 2,
) -> None:
    """Decode damaged files and tell what came of them."""
    context = multiprocessing.get_context("spawn")
    outcomes: Counter[str] = Counter()
    slowest, slowest_of, added, crashes = 0.0, "", 0.0, []
    starts = list(range(first, first + files, _SHARE))
    for group in (starts[place : place + jobs] for place in range(0, len(starts), jobs)):
        running = []
        for start in group:
            answers: multiprocessing.Queue[dict[str, Any]] = context.Queue()
            end = min(start + _SHARE, first + files)
            process = context.Process(target=_share, args=(start, end, answers))
            process.start()
            running.append((start, process, answers))
        for start, process, answers in running:
            try:
                found = answers.get(timeout=600)
            except Exception:
                crashes.append(start)
                process.kill()
                continue
            process.join()
            outcomes.update(found["outcomes"])
            for fault in found["faults"]:
                typer.echo(f"FAULT {fault}")
            added = max(added, float(found["added_mb"]))
            if float(found["slowest_s"]) > slowest:
                slowest, slowest_of = float(found["slowest_s"]), str(found["slowest_of"])
    ended = outcomes.pop("jpeg_ls_ended", 0)
    figures = {
        "files": files,
        "first": first,
        "outcomes": dict(sorted(outcomes.items())),
        "crashes": crashes,
        "jpeg_ls_processes_ended": ended,
        "slowest_s": round(slowest, 2),
        "slowest_of": slowest_of,
        "added_mb": round(added),
    }
    typer.echo(json.dumps(figures, indent=1))
    folder = ROOT / "docs" / "reliability"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "damaged.json").write_text(json.dumps(figures, indent=1) + "\n")
    if crashes or outcomes["fault"] or slowest > _SLOW:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
