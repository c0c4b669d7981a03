"""What operators see of the node, in Prometheus' terms, beside the figures of the service."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

FilmOutcome = Literal[
    "accepted", "repeated", "ignored", "refused", "damaged", "too_large", "not_kept"
]
SendingOutcome = Literal["sent", "postponed", "dead"]


class NodeMetrics:
    """The figures of the node; their names are documented in `docs/pacs.md`.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are added.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._films = Counter(
            "covidxray_node_films",
            "Films that were sent to the node, by what became of them at its door.",
            ("outcome",),
            registry=registry,
        )
        self._sendings = Counter(
            "covidxray_node_sendings",
            "Tries to send a result, by destination and how they ended.",
            ("destination", "outcome"),
            registry=registry,
        )
        self._kept = Gauge(
            "covidxray_node_films_noted",
            "Films in the ledger, by their state.",
            ("state",),
            registry=registry,
        )
        self._results = Gauge(
            "covidxray_node_results",
            "Results in the ledger, by destination and state.",
            ("destination", "state"),
            registry=registry,
        )

    def films(self, outcome: FilmOutcome) -> None:
        """Count a film at the door."""
        self._films.labels(outcome).inc()

    def sending(self, destination: str, outcome: SendingOutcome) -> None:
        """Count a try to send a result."""
        self._sendings.labels(destination, outcome).inc()

    def noted(self, films: dict[tuple[str, str], int], results: dict[tuple[str, str], int]) -> None:
        """Say what stands in the ledger."""
        states: dict[str, int] = {}
        for (state, _), number in films.items():
            states[state] = states.get(state, 0) + number
        for state in ("received", "answered", "unreadable", "failed"):
            self._kept.labels(state).set(states.get(state, 0))
        for (destination, state), number in results.items():
            self._results.labels(destination, state).set(number)
