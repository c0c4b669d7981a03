"""What operators see of jobs, in Prometheus' terms, beside the figures of the service."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Gauge

from covidxray_api.jobs.job import Load


class JobMetrics:
    """The figures of the jobs that all processes of a machine share.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are added.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Gauge(
            "covidxray_jobs",
            "Jobs that have not ended: `queued`, or `running` where a film of theirs is begun.",
            ("state",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._films = Gauge(
            "covidxray_jobs_films",
            "Radiographs of jobs that have no answer yet: `waiting`, or `running`.",
            ("state",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._oldest = Gauge(
            "covidxray_jobs_oldest_seconds",
            "Age of the oldest job that has not ended, by the same states; 0 where there is none.",
            ("state",),
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def show(self, load: Load) -> None:
        """Say how much is to be done."""
        for state, jobs in (("queued", load.queued), ("running", load.running)):
            self._jobs.labels(state).set(jobs.count)
            age = time.time() - jobs.oldest if jobs.oldest else 0
            self._oldest.labels(state).set(max(0.0, age))
        self._films.labels("waiting").set(load.films_waiting)
        self._films.labels("running").set(load.films_running)
