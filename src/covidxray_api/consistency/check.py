"""What a consistency check answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from covidxray_api.consistency.quality import Finding
from covidxray_api.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Consistency:
    """How like a frontal chest radiograph an image is."""

    ssim: float
    """Structural similarity to the mean radiograph, -1 to 1."""

    threshold: float
    """Least similarity of a chest radiograph, where similarity alone decides."""

    consistent: bool
    """Whether the image is taken for a frontal chest radiograph."""

    score: float | None = None
    """How sure the learned gate is of that, 0 to 1; none if similarity alone decided."""

    least_score: float | None = None
    """Least score of a chest radiograph; none if similarity alone decided."""

    gate: str | None = None
    """Version of the learned gate; none if similarity alone decided."""

    findings: tuple[Finding, ...] = ()
    """What else is to be said of the image."""

    quarter_turns: int = 0
    """Quarter turns anticlockwise that brought the image upright."""


class Check(Protocol):
    """Tells a frontal chest radiograph from all else."""

    @property
    def side(self) -> int:
        """Largest height or width, in pixels, at which images are looked at."""
        ...

    @property
    def version(self) -> str | None:
        """Version of the learned gate; none if similarity alone decides."""
        ...

    def check(self, radiograph: Radiograph) -> tuple[Consistency, Radiograph]:
        """Judge an image, and return it as it is to be classified."""
        ...
