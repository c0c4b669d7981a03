"""The simulation agrees with queues that theory knows."""

from __future__ import annotations

import math
import random

import pytest
from benchmarks.load import moments
from benchmarks.simulate import Costs, simulate

MEAN_S = 0.01


def test_one_process_of_random_times_is_the_queue_of_the_textbook() -> None:
    chance = random.Random(1)  # noqa: S311
    times = [chance.expovariate(1 / MEAN_S) for _ in range(5000)]
    mean = sum(times) / len(times)
    arrivals = moments(500, 0.7 / mean, "poisson")

    found = simulate(Costs(times), arrivals, processes=1, max_in_flight=10_000)

    # M/M/1: latency is exponential with the rate of service less that of arrivals.
    left = 0.3 / mean
    assert found.p50_ms == pytest.approx(1e3 * math.log(2) / left, rel=0.15)
    assert found.p99_ms == pytest.approx(1e3 * math.log(100) / left, rel=0.15)
    assert found.refused == 0


def test_more_than_can_be_served_is_refused_and_nobody_waits_for_long() -> None:
    arrivals = moments(100, 1.5 / MEAN_S, "poisson")

    found = simulate(Costs([MEAN_S]), arrivals, processes=1, max_in_flight=8)

    assert found.refused == pytest.approx(1 - 1 / 1.5, abs=0.02)
    assert found.p99_ms <= 1e3 * 8 * MEAN_S + 1e-6


def test_a_film_waits_in_the_process_of_its_connection_while_another_idles() -> None:
    arrivals = moments(100, 1.4 / MEAN_S, "poisson")

    turns = simulate(Costs([MEAN_S]), arrivals, processes=2, max_in_flight=1000)
    kept = simulate(Costs([MEAN_S]), arrivals, processes=2, max_in_flight=1000, connections=256)

    assert kept.p50_ms > turns.p50_ms
    assert kept.p99_ms > turns.p99_ms


def test_processes_that_work_at_once_are_slower_and_nothing_else_waits() -> None:
    costs = Costs([MEAN_S], contention=1.5, besides_s=0.002)

    together = simulate(costs, [1.0, 1.001], processes=2, max_in_flight=2)
    apart = simulate(costs, [1.0, 2.0], processes=2, max_in_flight=2)

    assert apart.p99_ms == pytest.approx(1e3 * (MEAN_S + 0.002))
    assert together.p50_ms == pytest.approx(1e3 * (1.25 * MEAN_S + 0.002))
