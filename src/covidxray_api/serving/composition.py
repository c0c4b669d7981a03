"""The composition root: from the settings to a service; nothing below reads the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from covidxray_api.screening.screener import Screener
from covidxray_api.serving.capacity import CapacityLimiter
from covidxray_api.serving.jobs import Jobs
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Observer
from covidxray_api.serving.service import ScreeningService
from covidxray_api.serving.watchdog import Watchdog
from covidxray_api.settings import Settings

Build = Callable[[Settings], Screener]
"""Makes the screener that the settings describe."""


def compose(
    settings: Settings,
    build: Build = Screener.from_settings,
    metrics: Metrics | None = None,
    observers: Sequence[Observer] = (),
    start_first: bool = False,
) -> ScreeningService:
    """Wire the service that the settings describe; it loads models when it is run, not before.

    Parameters
    ----------
    settings : Settings
        Every knob.
    build : callable
        Makes the screener of the settings.
    metrics : Metrics, optional
        Count what happens.
    observers : sequence of Observer
        Are told of each answer, before the metrics.
    start_first : bool
        See `ScreeningService`.
    """
    watchdog, metrics = Watchdog(settings.hang_s), metrics or Metrics()
    metrics.admits(settings.max_in_flight)
    return ScreeningService(
        build=partial(build, settings),
        capacity=CapacityLimiter(settings.max_in_flight, metrics.in_flight),
        jobs=Jobs(settings.threads, "screening", watchdog, partial(metrics.took, "wait")),
        # Requests that await one model wait for each other, not for those that await another.
        loading=Jobs(settings.max_in_flight, "loading", watchdog),
        watchdog=watchdog,
        deadline_s=settings.deadline_s,
        start_first=start_first,
        metrics=metrics,
        observers=(*observers, metrics),
    )
