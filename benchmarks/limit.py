"""The in-process limit: decoding, gate and network over all cores, without HTTP."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.images import images
from covidxray_api.decoding import Limits, decode
from covidxray_api.explanation import explain
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


def _screen(kind: str, seconds: float, share: Any) -> None:
    screener = Screener.from_settings(Settings())
    pictures = images(kind)
    screener.screen(pictures[0])
    cpu, latencies = time.process_time(), list[float]()
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        screener.screen(pictures[len(latencies) % len(pictures)])
        latencies.append(time.perf_counter() - begun)
    share.put((len(latencies), time.process_time() - cpu, latencies))


def in_process(kind: str, seconds: float, processes: int | None = None) -> dict[str, Any]:
    """Screen images in a process for each core, each with one thread.

    Returns
    -------
    dict
        Films a second, CPU milliseconds a film, and quantiles of the time of one film.
    """
    context = multiprocessing.get_context("spawn")
    share = context.Queue()
    workers = [
        context.Process(target=_screen, args=(kind, seconds, share))
        for _ in range(processes or os.cpu_count() or 1)
    ]
    for worker in workers:
        worker.start()
    found = [share.get() for _ in workers]
    for worker in workers:
        worker.join()
    films = sum(n for n, _, _ in found)
    p50, p99 = np.percentile(np.concatenate([each for _, _, each in found]), [50, 99]) * 1e3
    return {
        "films_per_second": films / seconds,
        "cpu_ms_per_film": sum(cpu for _, cpu, _ in found) / films * 1e3,
        "latency_ms": {"p50": p50, "p99": p99},
    }


def parts(kind: str, repeats: int = 200) -> dict[str, float]:
    """Return the CPU milliseconds of each part of the work on one core."""
    settings = Settings()
    screener = Screener.from_settings(settings)
    model, picture = screener.models.get(), images(kind)[0]
    limits = Limits(settings.max_pixels, settings.min_side)
    radiograph = decode(picture, limits)
    check = screener.checks["learned"]
    steps: dict[str, Callable[[], object]] = {
        "decoding": lambda: decode(picture, limits),
        "gate with SSIM": lambda: check.check(radiograph),
        "SSIM alone": lambda: screener.checks["ssim"].check(radiograph),
        "network": lambda: model.probabilities(radiograph),
        "map and its test": lambda: explain(model, radiograph, "normal"),
    }
    spent = {}
    for name, step in steps.items():
        step()
        begun = time.thread_time()
        for _ in range(repeats):
            step()
        spent[name] = (time.thread_time() - begun) / repeats * 1e3
    return spent
