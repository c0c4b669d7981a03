"""What operators see: counts and times of this service, in Prometheus' terms.

Several processes share a port, and a scrape reaches one of them. Each therefore keeps its figures
in files of its own, in the folder that ``PROMETHEUS_MULTIPROC_DIR`` names, and whichever is scraped
adds them up: prometheus_client's multiprocess mode. No process need ask another, and what a process
counted is not lost when it dies, so that counters never fall. Without that variable, as where an
application runs alone, the figures are of this process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from covidxray_api import __version__
from covidxray_api.models.drift import MEASURES, Drift
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.observer import Answered
from covidxray_api.settings import EngineName

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable by which prometheus_client is told where processes keep their figures."""

STAGE_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds of the histogram of times, in seconds: from one inference to the default deadline."""


class Metrics:
    """The figures of one process, and their sum over all.

    What each says of itself is its documentation, in `docs/metrics.md`.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        """Where others add figures of their own."""
        self._build = Gauge(
            "covidxray_build_info",
            "1 for what computes the answers, 0 for what did before a change of models; two series"
            " with 1 while it rolls.",
            ("version", "model", "model_version", "model_sha256", "engine", "gate"),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._built: tuple[str, ...] | None = None
        self._changes = Counter(
            "covidxray_model_changes",
            "Changes of models without a restart, by process: `switched`, or `failed`, so that the"
            " models of before answer.",
            ("outcome",),
            registry=self.registry,
        )
        self._stages = Histogram(
            "covidxray_stage_seconds",
            "Times: `wait` in the queue, `decode`, `gate`, `inference`, `total` from admission to"
            " answer.",
            ("stage",),
            buckets=STAGE_BOUNDS_S,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "covidxray_in_flight",
            "Requests with an image that are uploaded, wait or are worked on, of all processes.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._capacity = Gauge(
            "covidxray_capacity",
            "Most of them: `COVIDXRAY_MAX_IN_FLIGHT` times the processes that live.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._refused = Counter(
            "covidxray_refused",
            "Requests with an image that were not served: `overloaded`, `not-ready`,"
            " `deadline-exceeded`.",
            ("problem",),
            registry=self.registry,
        )
        self._rejections = Counter(
            "covidxray_rejections",
            "Images that are no frontal chest radiograph, by finding; one image may have several.",
            ("finding",),
            registry=self.registry,
        )
        self._decisions = Counter(
            "covidxray_decisions",
            "Answers by predicted label; `certainty` is `conclusive` or `uncertain`.",
            ("model", "label", "certainty"),
            registry=self.registry,
        )
        self._feedback = Counter(
            "covidxray_feedback",
            "Clinicians' opinions: `agree`, `disagree`, `not_sure`.",
            ("model", "opinion"),
            registry=self.registry,
        )
        self._records = Counter(
            "covidxray_records",
            "Records of screenings, `kept` or `lost`.",
            ("outcome",),
            registry=self.registry,
        )
        self._drift = Gauge(
            "covidxray_drift_index",
            "Population stability index of the latest recorded screenings against the reference.",
            ("measure",),
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._shifted = Gauge(
            "covidxray_drift_shifted",
            "1 where the index is worth a look and beyond chance, else 0.",
            ("measure",),
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._records_waiting = Gauge(
            "covidxray_records_waiting",
            "Records of screenings that wait to be written.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        # A label that is looked up anew each time costs as much as the counting.
        self._stage = cache(self._stages.labels)
        self._refusal = cache(self._refused.labels)
        self._rejection = cache(self._rejections.labels)
        self._decided = cache(self._decisions.labels)
        self._record = cache(self._records.labels)
        self._stage("total")  # so that the file of all histograms is made now
        # From the start, so that the first one is an increase.
        for outcome in ("kept", "lost"):
            self._record(outcome)
        for outcome in ("switched", "failed"):
            self._changes.labels(outcome)

    def ready(self, model: StoredModel, engine: EngineName, gate: str | None) -> None:
        """Say what computes the answers, before there are any.

        Parameters
        ----------
        model : StoredModel
            The default model.
        engine : str
            What computes its network.
        gate : str, optional
            Version of the learned gate, where it decides.
        """
        if self._built:
            self._build.labels(*self._built).set(0)
        manifest = model.manifest
        self._built = (
            __version__,
            manifest.name,
            manifest.version,
            model.sha256,
            engine,
            gate or "",
        )
        self._build.labels(*self._built).set(1)
        if folder := os.environ.get(FOLDER):
            # Their file has to be there to be allocated too; what was never set is not shown.
            for measure in MEASURES:
                self._drift.labels(measure)
                self._shifted.labels(measure)
            _allocate(Path(folder))

    def changed(self, outcome: Literal["switched", "failed"]) -> None:
        """Count a change of models."""
        self._changes.labels(outcome).inc()

    def admits(self, limit: int) -> None:
        """Say how many requests this process admits at once."""
        self._capacity.set(limit)

    def in_flight(self, requests: int) -> None:
        """Say how many requests this process serves."""
        self._in_flight.set(requests)

    def took(self, stage: str, seconds: float) -> None:
        """Count the time of a stage of a request: `wait` in the queue, or `total`."""
        self._stage(stage).observe(seconds)

    def refused(self, problem: str) -> None:
        """Count a request that was not served."""
        self._refusal(problem).inc()

    def feedback(self, model: str, opinion: str) -> None:
        """Count an opinion."""
        self._feedback.labels(model, opinion).inc()

    def records(self, outcome: Literal["kept", "lost"], number: int) -> None:
        """Count records of screenings."""
        self._record(outcome).inc(number)

    def records_waiting(self, number: int) -> None:
        """Say how many records wait to be written."""
        self._records_waiting.set(number)

    def drifted(self, drifts: Sequence[Drift]) -> None:
        """Say how far the latest screenings are from the reference, where that can be said."""
        for drift in drifts:
            if drift.index is not None:
                self._drift.labels(drift.measure).set(drift.index)
                self._shifted.labels(drift.measure).set(drift.state == "shifted")

    def answered(self, answered: Answered) -> None:
        """Count an answer; see `Observer`."""
        found = answered.found
        for stage, seconds in found.seconds.items():
            self.took(stage, seconds)
        validation = found.validation if isinstance(found, Screening) else found
        if validation.rejection is not None:
            refused = [it.code for it in validation.consistency.findings if it.action == "refused"]
            for code in refused or [validation.rejection]:
                self._rejection(code).inc()
        elif isinstance(found, Screening) and found.decision is not None:
            certainty = "conclusive" if found.decision.conclusive else "uncertain"
            name = found.model.manifest.name
            self._decided(name, found.decision.label.code, certainty).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the figures of all processes, and the media type that they are in.

        Parameters
        ----------
        accept : str
            What the scraper accepts: Prometheus' text format, or OpenMetrics.
        """
        encode, media_type = choose_encoder(accept)
        folder = os.environ.get(FOLDER)
        if folder is None:
            return encode(self.registry), media_type
        _forget_the_dead(Path(folder))
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return encode(everybody), media_type


def _allocate(folder: Path) -> None:
    """Take the disk space that the files of this process may fill.

    They are made sparse and written through memory: where the disk is full, the process would end
    by SIGBUS.
    """
    for path in folder.glob(f"*_{os.getpid()}.db"):
        with path.open("r+b") as file:
            content = file.read()
            file.seek(0)
            file.write(content)


def _forget_the_dead(folder: Path) -> None:
    """Drop the levels of processes that are no more; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):
                mark_process_dead(process)  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # It lives, under another user.
