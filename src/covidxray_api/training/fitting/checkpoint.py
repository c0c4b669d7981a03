"""The state of a run after each epoch, from which an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.devices import steps_taken

Figures = dict[str, float]


@dataclass(frozen=True)
class Checkpoint:
    """A file with network, optimiser and figures of the epochs behind it.

    Its name holds a hash of the configuration and of the images, so no other run goes on from it.
    """

    path: Path

    @classmethod
    def of(
        cls, folder: Path, config: TrainingConfig, images: Sequence[LabelledImage]
    ) -> Checkpoint:
        """Return the checkpoint of a run, which need not have one yet."""
        run = config.model_dump_json() + "".join(
            f"{image.path.name} {image.label} {image.group}\n" for image in images
        )
        digest = hashlib.sha256(run.encode()).hexdigest()[:12]
        return cls(folder / f"{config.name}-{digest}.keras")

    @property
    def _figures(self) -> Path:
        return self.path.with_suffix(".json")

    def load(self, steps: int) -> tuple[keras.Model, list[Figures]] | None:
        """Return the compiled network and the figures of each epoch; None if there are none.

        Parameters
        ----------
        steps : int
            Steps in an epoch.
        """
        if not self.path.is_file():
            return None
        network = keras.saving.load_model(self.path, safe_mode=True)
        history: list[Figures] = json.loads(self._figures.read_text(encoding="utf-8"))
        # Figures are written first, so they may be one epoch ahead of the network.
        return network, history[: steps_taken(network) // steps]

    def save(self, network: keras.Model, history: Sequence[Figures]) -> None:
        """Write the state so that an interruption leaves this one or the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        figures, weights = (
            path.with_stem(f"{path.stem}-new") for path in (self._figures, self.path)
        )
        figures.write_text(json.dumps(list(history)), encoding="utf-8")
        network.save(weights)
        figures.replace(self._figures)
        weights.replace(self.path)

    def remove(self) -> None:
        """Remove the state of a run that is done."""
        self.path.unlink(missing_ok=True)
        self._figures.unlink(missing_ok=True)
