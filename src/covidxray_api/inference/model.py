"""A stored model that can answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine
from covidxray_api.models.decision import calibrate
from covidxray_api.models.manifest import Manifest
from covidxray_api.models.store import StoredModel
from covidxray_api.preprocessing import network_input
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import EngineName


class Answer(NamedTuple):
    """What a model says of one radiograph."""

    probabilities: dict[str, float]
    """Calibrated probability of each label, by its code; they sum to 1."""

    abnormal: float | None
    """Probability that the radiograph is not normal, 0 to 1; none if the model has no such
    score."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A stored model and the engine that computes it."""

    stored: StoredModel
    engine: Engine
    engine_name: EngineName = "compiled"
    """What the engine computes it with."""

    @property
    def manifest(self) -> Manifest:
        """What the model says of itself."""
        return self.stored.manifest

    def tensor(self, radiograph: Radiograph) -> NDArray[np.float32]:
        """Return what the network sees of a radiograph, shape (1, height, width, channels)."""
        return self.tensors([radiograph.pixels])

    def tensors(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return what the network sees of gray images, shape (n, height, width, channels)."""
        return network_input(images, self.manifest.preprocessing)

    def answers(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network says of preprocessed images, uncalibrated.

        Parameters
        ----------
        tensor : ndarray of float32, shape (n, height, width, channels)
            Preprocessed images.

        Returns
        -------
        ndarray of float32, shape (n, classes) or (n, classes + 1)
            Probabilities, and the abnormal score where the model has one.

        Raises
        ------
        CorruptArtefact
            If they are anything but finite numbers.
        """
        answers = self.engine.infer(tensor)
        if not np.isfinite(answers).all():
            raise CorruptArtefact("not_finite", path=self.stored.folder)
        return answers

    def calibrated(self, tensor: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of preprocessed images, shape (n, classes)."""
        return self._calibrate(self.answers(tensor))

    def _calibrate(self, answers: NDArray[np.float32]) -> NDArray[np.float64]:
        return calibrate(answers[:, : len(self.manifest.labels)], self.manifest.temperature)

    def answer(self, radiograph: Radiograph) -> Answer:
        """Return what the model says of a radiograph."""
        answers = self.answers(self.tensor(radiograph))
        calibrated = self._calibrate(answers)[0].tolist()
        return Answer(
            probabilities=dict(zip(self.manifest.codes, calibrated, strict=True)),
            abnormal=None if self.manifest.abnormal is None else float(answers[0, -1]),
        )
