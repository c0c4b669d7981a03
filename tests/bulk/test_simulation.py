"""The simulation agrees with queues that theory knows."""

from __future__ import annotations

import math
import random

import pytest
from benchmarks.simulate import simulate

MEAN_S = 0.01


def test_one_process_of_random_times_is_the_queue_of_the_textbook() -> None:
    chance = random.Random(1)  # noqa: S311
    times = [chance.expovariate(1 / MEAN_S) for _ in range(5000)]
    mean = sum(times) / len(times)

    found = simulate(times, 0.7 / mean, processes=1, max_in_flight=10_000, seconds=500)

    # M/M/1: latency is exponential with the rate of service less that of arrivals.
    left = 0.3 / mean
    assert found.p50_ms == pytest.approx(1e3 * math.log(2) / left, rel=0.15)
    assert found.p99_ms == pytest.approx(1e3 * math.log(100) / left, rel=0.15)
    assert found.refused == 0


def test_more_than_can_be_served_is_refused_and_nobody_waits_for_long() -> None:
    found = simulate([MEAN_S], 1.5 / MEAN_S, processes=1, max_in_flight=8, seconds=100)

    assert found.refused == pytest.approx(1 - 1 / 1.5, abs=0.02)
    assert found.p99_ms <= 1e3 * 8 * MEAN_S + 1e-6
