"""Of a model's evidence, what answers state.

False positives at hospitals left out of training, and how often maps are strongest outside the
lungs. `covidxray evaluate` writes them; see `training.evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, PositiveInt, ValidationError

from covidxray_api.models.artefacts import Declaration

FALSE_POSITIVES = "adults_without_called_covid_19"
"""Name, in the evidence of an operating point, of the shares of adults without COVID-19 who are
called so, by where they come from."""

ELSEWHERE = "sources left out"
"""Where: all archives that training has seen nothing of."""

ONE_LEFT_OUT = "{source}, left out"
"""Where: one of them."""


OUTSIDE_LUNGS = "saliency_strongest_outside_lungs"
"""Name, in the evidence, of the shares of maps whose strongest cell lies outside the lungs, by the
code of the label that they are of."""


class Share(Declaration):
    """A share that was measured."""

    value: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    """Lower end of the 95 % interval."""

    high: float = Field(ge=0, le=1)
    """Upper end of the 95 % interval."""

    n: PositiveInt
    """Number of radiographs."""


class Worst(Share):
    """The largest share at one source."""

    source: str
    """Name of the source."""


class Elsewhere(Share):
    """Adults without the target who are called so at hospitals left out of training."""

    worst: Worst | None
    """The hospital with most; none if they were not measured one by one."""


def false_positives_elsewhere(evidence: Mapping[str, Any]) -> dict[str, Elsewhere]:
    """Return what the evidence of a model says of each operating point, by its name.

    Points of which nothing was measured elsewhere are left out.

    Raises
    ------
    ValueError
        If the evidence has another form.
    """
    try:
        shares = {
            name: measured.get(FALSE_POSITIVES, {})
            for name, measured in evidence.get("operating_points", {}).items()
        }
        return {
            name: Elsewhere(**by_place[ELSEWHERE], worst=_worst(by_place))
            for name, by_place in shares.items()
            if ELSEWHERE in by_place
        }
    except (AttributeError, TypeError, ValidationError) as error:
        raise ValueError(f"figures of operating points cannot be read: {error}") from error


def _worst(by_place: Mapping[str, Mapping[str, Any]]) -> Worst | None:
    ending = ONE_LEFT_OUT.format(source="")
    found = [
        Worst(source=place.removesuffix(ending), **share)
        for place, share in by_place.items()
        if place.endswith(ending)
    ]
    return max(found, key=lambda share: share.value, default=None)


def strongest_outside_lungs(evidence: Mapping[str, Any]) -> dict[str, Share]:
    """Return how often maps are strongest outside the lungs, by label code, as far as measured.

    Raises
    ------
    ValueError
        If the evidence has another form.
    """
    try:
        found = evidence.get(OUTSIDE_LUNGS, {})
        return {code: Share.model_validate(share) for code, share in found.items()}
    except (AttributeError, ValidationError) as error:
        raise ValueError(f"figures of saliency maps cannot be read: {error}") from error
