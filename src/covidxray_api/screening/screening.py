"""The answer: everything that a renderer draws, and nothing that it has to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from covidxray_api.consistency import Consistency
from covidxray_api.errors import UnknownLabel, UnknownOperatingPoint
from covidxray_api.explanation import Explanation
from covidxray_api.models.manifest import Label, Manifest, OperatingPoint
from covidxray_api.models.store import StoredModel
from covidxray_api.radiograph import Radiograph

NOT_A_CHEST_RADIOGRAPH = "not_a_chest_radiograph"

BALANCED = "balanced"
"""Operating point that holds where none is named."""


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """How far an answer can be believed where the disease is as frequent as stated."""

    target: str
    """Code of the label that they are about."""

    prevalence: float
    """Share of patients who have it."""

    positive: float
    """Probability that a patient whose film is called so has it."""

    negative: float
    """Probability that a patient whose film is not called so does not have it."""


def predictive_values(point: OperatingPoint, prevalence: float) -> PredictiveValues:
    """Apply Bayes' rule to sensitivity and specificity (Altman & Bland 1994, BMJ 309:102).

    Parameters
    ----------
    point : OperatingPoint
        Where sensitivity and specificity were measured.
    prevalence : float
        Share of patients with the target, above 0 and below 1.
    """
    hit = point.sensitivity * prevalence
    missed = prevalence - hit
    cleared = point.specificity * (1 - prevalence)
    alarmed = 1 - prevalence - cleared
    return PredictiveValues(
        target=point.target,
        prevalence=prevalence,
        positive=hit / (hit + alarmed) if hit + alarmed else 0.0,
        negative=cleared / (cleared + missed) if cleared + missed else 0.0,
    )


def find_operating_point(manifest: Manifest, name: str | None) -> str | None:
    """Return the name of the operating point that holds; none if the model has none.

    Raises
    ------
    UnknownOperatingPoint
        If one is named that the model does not have.
    """
    points = manifest.operating_points
    if name is not None and name not in points:
        raise UnknownOperatingPoint(model=manifest.name, name=name, known=tuple(points))
    return name or (BALANCED if BALANCED in points else None)


@dataclass(frozen=True, slots=True)
class Validation:
    """The answer about consistency alone."""

    consistency: Consistency
    warnings: tuple[str, ...]
    """Codes of what decoding had to decide."""

    @property
    def rejection(self) -> str | None:
        """Code of the reason why the image gets no diagnosis, if it gets none."""
        return None if self.consistency.consistent else NOT_A_CHEST_RADIOGRAPH


@dataclass(frozen=True, slots=True)
class Screening:
    """The answer: everything that a door renders, and nothing that it has to compute."""

    validation: Validation
    model: StoredModel
    probabilities: Mapping[str, float] | None
    """Calibrated probability by label code; none if the image was rejected."""

    operating_point: str | None = None
    """Name of the operating point that decides; none if the model has none."""

    prevalence: float | None = None
    """Share of patients with the target of the operating point, if it was stated."""

    @property
    def predicted(self) -> Label | None:
        """The label at the operating point; none if the image was rejected."""
        probabilities = self.probabilities
        if probabilities is None:
            return None
        threshold = self._point.threshold if self._point else {}
        return max(
            self.model.manifest.labels,
            key=lambda label: probabilities[label.code] / threshold.get(label.code, 1.0),
        )

    @property
    def predictive_values(self) -> PredictiveValues | None:
        """What the answer is worth at the stated prevalence; none without it or without answer."""
        if self.prevalence is None or self._point is None or self.probabilities is None:
            return None
        return predictive_values(self._point, self.prevalence)

    @property
    def _point(self) -> OperatingPoint | None:
        name = self.operating_point
        return self.model.manifest.operating_points[name] if name else None

    @property
    def prediction_set(self) -> tuple[Label, ...]:
        """The labels that cannot be ruled out; empty if none fits or the image was rejected."""
        rule = self.model.manifest.prediction_set
        if self.probabilities is None or self.predicted is None:
            return ()
        if rule is None:
            return (self.predicted,)
        labels = self.model.manifest.labels
        return tuple(
            label for label in labels if self.probabilities[label.code] >= rule.least[label.code]
        )

    @property
    def uncertain(self) -> bool:
        """Whether anything but the predicted label, and it alone, remains possible."""
        return self.probabilities is not None and self.prediction_set != (self.predicted,)


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer, and why."""

    screening: Screening
    radiograph: Radiograph
    """The film as it was sent."""

    explanation: Explanation | None
    """None if the image was rejected; its map lies on the film as it was sent."""


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
    known = tuple(label.code for label in manifest.labels)
    raise UnknownLabel(model=manifest.name, name=code, known=known)
