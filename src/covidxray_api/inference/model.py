"""A stored model that can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine, Measures
from covidxray_api.models.decision import calibrate
from covidxray_api.models.manifest import Manifest
from covidxray_api.models.store import StoredModel
from covidxray_api.preprocessing import network_input
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import EngineName


class Inferred(NamedTuple):
    """What a network says of one radiograph."""

    probabilities: Mapping[str, float]
    """Calibrated probability of each label, by its code; they sum to 1."""

    distance: float | None
    """How far the radiograph lies from those that the network has learned from; none if it does not
    say so. See `inference.engine.Measures`."""


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

    def calibrated(self, tensor: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of preprocessed images, shape (n, classes).

        Raises
        ------
        CorruptArtefact
            If the network answers anything but finite numbers.
        """
        return self._calibrated(self.engine.infer(tensor))

    def infer(self, radiograph: Radiograph) -> Inferred:
        """Return what the network says of a radiograph.

        Raises
        ------
        CorruptArtefact
            If the network answers anything but finite numbers.
        """
        tensor, engine, distance = self.tensor(radiograph), self.engine, None
        if isinstance(engine, Measures) and engine.measures:
            answers, distances = engine.infer_measured(tensor)
            distance = float(distances[0])
        else:
            answers = engine.infer(tensor)
        calibrated = self._calibrated(answers)[0].tolist()
        return Inferred(dict(zip(self.manifest.codes, calibrated, strict=True)), distance)

    def probabilities(self, radiograph: Radiograph) -> Mapping[str, float]:
        """Return the calibrated probability of each label, by its code; they sum to 1."""
        return self.infer(radiograph).probabilities

    def _calibrated(self, answers: NDArray[np.float32]) -> NDArray[np.float64]:
        if not np.isfinite(answers).all():
            raise CorruptArtefact("not_finite", path=self.stored.folder)
        return calibrate(answers, self.manifest.temperature)
