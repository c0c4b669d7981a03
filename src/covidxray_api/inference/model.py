"""A stored model that can answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        answers = self.engine.infer(tensor)
        if not np.isfinite(answers).all():
            raise CorruptArtefact("not_finite", path=self.stored.folder)
        return calibrate(answers, self.manifest.temperature)

    def probabilities(self, radiograph: Radiograph) -> dict[str, float]:
        """Return the calibrated probability of each label, by its code; they sum to 1."""
        calibrated = self.calibrated(self.tensor(radiograph))[0]
        return dict(zip(self.manifest.codes, calibrated.tolist(), strict=True))
