"""Routing: which films are screened, and where their results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset

from covidxray_api.hospital.node.config import Action, NodeConfig, Rule


@dataclass(frozen=True, slots=True)
class Route:
    """What becomes of one film."""

    action: Action
    destinations: tuple[str, ...] = ()
    """Names of the destinations of its results."""


def route(film: Dataset, calling: str, config: NodeConfig) -> Route:
    """Return what becomes of a film.

    Parameters
    ----------
    film : Dataset
        Its attributes.
    calling : str
        AE title of the system that sent it.
    config : NodeConfig
        The rules; the first that fits holds.
    """
    for rule in config.rules:
        if _fits(rule, film, calling):
            every = tuple(destination.name for destination in config.destinations)
            named = every if rule.destinations is None else rule.destinations
            return Route(rule.action, named if rule.action == "screen" else ())
    if config.otherwise == "screen":
        return Route("screen", tuple(destination.name for destination in config.destinations))
    return Route(config.otherwise)


def _fits(rule: Rule, film: Dataset, calling: str) -> bool:
    return all(
        _among(value, listed)
        for value, listed in (
            (str(film.get("Modality") or ""), rule.modality),
            (str(film.get("BodyPartExamined") or ""), rule.body_part),
            (str(film.get("ViewPosition") or ""), rule.view),
            (calling, rule.calling),
        )
    )


def _among(value: str, listed: Sequence[str]) -> bool:
    return not listed or value.strip().upper() in {each.strip().upper() for each in listed}
