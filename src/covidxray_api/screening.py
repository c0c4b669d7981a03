"""The whole domain in one call: bytes in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from covidxray_api.consistency import Consistency, Reference
from covidxray_api.decoding import Limits, decode
from covidxray_api.inference.models import Models, keras_engine
from covidxray_api.model_store import Label, ModelStore, StoredModel
from covidxray_api.settings import Settings

NOT_A_CHEST_RADIOGRAPH = "not_a_chest_radiograph"


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

    @property
    def predicted(self) -> Label | None:
        """The most probable label; none if the image was rejected."""
        probabilities = self.probabilities
        if probabilities is None:
            return None
        return max(self.model.manifest.labels, key=lambda label: probabilities[label.code])

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


class Screener:
    """The pipeline: decode, check, infer, decide.

    Parameters
    ----------
    models : Models
        The networks that can answer.
    reference : Reference
        What a chest radiograph looks like.
    limits : Limits
        Bounds on what is decoded.
    """

    def __init__(self, models: Models, reference: Reference, limits: Limits) -> None:
        self.models = models
        self._reference = reference
        self._limits = limits

    @classmethod
    def from_settings(cls, settings: Settings) -> Screener:
        """Build the pipeline that the settings describe; loads no network yet.

        Raises
        ------
        CorruptArtefact
            If the reference cannot be read.
        """
        load = partial(keras_engine, threads=settings.inference_threads)
        return cls(
            Models(ModelStore(settings.model_store), settings.default_model, load),
            Reference.load(settings.reference),
            Limits(max_pixels=settings.max_pixels, min_side=settings.min_side),
        )

    def validate(self, data: bytes) -> Validation:
        """Tell whether a file is a frontal chest radiograph, without inference.

        Raises
        ------
        RadiographError
            If the file cannot be decoded within the limits.
        """
        radiograph = decode(data, self._limits)
        return Validation(self._reference.check(radiograph), radiograph.warnings)

    def screen(self, data: bytes, model: str | None = None) -> Screening:
        """Screen a file.

        Parameters
        ----------
        data : bytes
            The file, in any format that `decoding` reads.
        model : str, optional
            Name of the model to ask; the default one if none.

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
        """
        chosen = self.models.get(model)
        radiograph = decode(data, self._limits)
        validation = Validation(self._reference.check(radiograph), radiograph.warnings)
        accepted = validation.consistency.consistent
        probabilities = chosen.probabilities(radiograph) if accepted else None
        return Screening(validation, chosen.stored, probabilities)
