"""The whole domain in one call: bytes in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from covidxray_api.consistency import Check, Consistency, Gate
from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import UnknownLabel, UnknownOperatingPoint
from covidxray_api.explanation import Explanation, explain
from covidxray_api.inference.compiled_engine import CompiledEngine
from covidxray_api.inference.models import Models, load_engine
from covidxray_api.model_store import Label, Manifest, ModelStore, OperatingPoint, StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import GateName, Settings

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
        known = ", ".join(points) or "none"
        raise UnknownOperatingPoint(
            f"The model {manifest.name} has no operating point {name!r}; it has: {known}."
        )
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
    known = ", ".join(label.code for label in manifest.labels)
    raise UnknownLabel(f"The model {manifest.name} has no label {code!r}; it has: {known}.")


class Screener:
    """The pipeline: decode, check, infer, decide.

    Parameters
    ----------
    models : Models
        The networks that can answer.
    checks : mapping of str to Check
        What tells a chest radiograph from all else, by name.
    gate : str
        Name of the one that holds where none is named.
    limits : Limits
        Bounds on what is decoded.
    """

    def __init__(
        self, models: Models, checks: Mapping[GateName, Check], gate: GateName, limits: Limits
    ) -> None:
        self.models = models
        self.checks = checks
        self._gate = gate
        self._limits = limits

    @classmethod
    def from_settings(cls, settings: Settings) -> Screener:
        """Build the pipeline that the settings describe; loads no network yet.

        Raises
        ------
        CorruptArtefact
            If the reference or the gate cannot be read.
        """
        load = partial(load_engine, engine=settings.engine, threads=settings.inference_threads)
        gate = Gate.load(settings.reference, CompiledEngine)
        return cls(
            Models(ModelStore(settings.model_store), settings.default_model, load),
            {"learned": gate, "ssim": gate.reference},
            settings.gate,
            Limits(max_pixels=settings.max_pixels, min_side=settings.min_side),
        )

    def decode(self, data: bytes, kept_side: int | None = None) -> Radiograph:
        """Decode a file, whatever it shows.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        kept_side : int, optional
            Pixels that both sides keep where a large image is reduced; what networks need if none.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        limits = replace(self._limits, kept_side=kept_side) if kept_side else self._limits
        return decode(data, limits)

    def validate(self, data: bytes, gate: GateName | None = None) -> Validation:
        """Tell whether a file is a frontal chest radiograph, without asking a model.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        gate : str, optional
            What tells; the default one if none.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        return self._checked(self.decode(data), gate)[0]

    def screen(
        self,
        data: bytes,
        model: str | None = None,
        operating_point: str | None = None,
        prevalence: float | None = None,
        gate: GateName | None = None,
    ) -> Screening:
        """Screen a file.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        model : str, optional
            Name of the model to ask; the default one if none.
        operating_point : str, optional
            Name of one of the model's operating points; `balanced` if none.
        prevalence : float, optional
            Share of patients with the point's target, for predictive values.
        gate : str, optional
            What tells a chest radiograph from all else; the default one if none.

        Returns
        -------
        Screening
            With probabilities if the image is consistent with a chest radiograph.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        UnknownModel
            If no model has that name.
        UnknownOperatingPoint
            If the model has no such operating point.
        """
        return self._screened(data, model, operating_point, prevalence, gate)[0]

    def explain(
        self,
        data: bytes,
        model: str | None = None,
        operating_point: str | None = None,
        gate: GateName | None = None,
        label: str | None = None,
    ) -> Explained:
        """Screen a file, and tell which parts of it speak for a label.

        Parameters
        ----------
        data, model, operating_point, gate
            See `screen`.
        label : str, optional
            Code of the label that is explained; the predicted one if none.

        Raises
        ------
        RadiographError, UnknownModel, UnknownOperatingPoint
            See `screen`.
        UnknownLabel
            If the model has no such label.
        """
        chosen = self.models.get(model)
        asked = find_label(chosen.manifest, label) if label else None
        screening, sent, upright = self._screened(data, model, operating_point, None, gate)
        if screening.predicted is None:
            return Explained(screening, sent, None)
        found = explain(chosen, upright, (asked or screening.predicted).code)
        if found.map is not None:
            turns = screening.validation.consistency.quarter_turns
            found = replace(found, map=np.rot90(found.map, -turns))
        return Explained(screening, sent, found)

    def _screened(
        self,
        data: bytes,
        model: str | None,
        operating_point: str | None,
        prevalence: float | None,
        gate: GateName | None,
    ) -> tuple[Screening, Radiograph, Radiograph]:
        """Return the answer, the film as it was sent, and as it was classified."""
        chosen = self.models.get(model)
        point = find_operating_point(chosen.manifest, operating_point)
        sent = self.decode(data)
        validation, upright = self._checked(sent, gate)
        accepted = validation.consistency.consistent
        probabilities = chosen.probabilities(upright) if accepted else None
        screening = Screening(validation, chosen.stored, probabilities, point, prevalence)
        return screening, sent, upright

    def _checked(
        self, radiograph: Radiograph, gate: GateName | None
    ) -> tuple[Validation, Radiograph]:
        consistency, upright = self.checks[gate or self._gate].check(radiograph)
        return Validation(consistency, radiograph.warnings), upright
