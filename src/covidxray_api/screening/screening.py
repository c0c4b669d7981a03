"""The answer: everything that a renderer draws, and nothing that it has to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from covidxray_api.consistency import Consistency
from covidxray_api.errors import UnknownLabel
from covidxray_api.explanation import Explanation
from covidxray_api.models.decision import Decision
from covidxray_api.models.manifest import Label, Manifest
from covidxray_api.models.store import StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import EngineName

NOT_A_CHEST_RADIOGRAPH = "not_a_chest_radiograph"


@dataclass(frozen=True, slots=True)
class Validation:
    """The answer about consistency alone."""

    consistency: Consistency
    warnings: tuple[str, ...]
    """Codes of what decoding had to assume, and of why the service should not be used at the
    site."""

    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Time that each stage took, in seconds: `decode` and `gate`."""

    @property
    def rejection(self) -> str | None:
        """Code of the reason why the image gets no diagnosis, if it gets none."""
        return None if self.consistency.consistent else NOT_A_CHEST_RADIOGRAPH


@dataclass(frozen=True, slots=True)
class Screening:
    """The answer to one image, computed once."""

    validation: Validation

    model: StoredModel
    """The model that answered, or would have."""

    engine: EngineName
    """What computed its network."""

    operating_point: str | None
    """Name of the operating point that was asked for; none if the model has none."""

    probabilities: Mapping[str, float] | None
    """Calibrated probability by label code; none if the image was rejected."""

    decisions: Mapping[str | None, Decision]
    """What follows at each operating point, by its name; empty if the image was rejected."""

    p_value: float | None
    """How seldom a radiograph of the model's site without COVID-19 scores as high; none without a
    site, or if the image was rejected."""

    distance: float | None
    """How far the image lies from those that the model has learned from; none if the model does not
    say so, or if the image was rejected."""

    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Time that each stage took, in seconds: `decode`, `gate` and, if a model was asked,
    `inference`."""

    @property
    def decision(self) -> Decision | None:
        """What follows at the operating point that was asked for; none if it was rejected."""
        return self.decisions.get(self.operating_point)


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer, and why."""

    screening: Screening
    radiograph: Radiograph
    """The image as it was sent."""

    explanation: Explanation | None
    """None if the image was rejected, or none was asked for; its map lies on the image as it was
    sent."""


def find_label(manifest: Manifest, code: str) -> Label:
    """Return the label of a model that has a code.

    Raises
    ------
    UnknownLabel
        If there is none.
    """
    for label in manifest.labels:
        if label.code == code:
            return label
    raise UnknownLabel(model=manifest.name, name=code, known=tuple(manifest.codes))
