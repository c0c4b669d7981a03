"""Replicas of the service on Ray Serve: those that decode, and those that compute networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import NotReady
from covidxray_api.inference import Explains, LoadedModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Validation
from covidxray_api.settings import GateName, Settings


class Intake:
    """A replica that decodes, and tells whether an image is a frontal chest radiograph."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._screener = Screener.from_settings(Settings(**settings))

    def decode(self, data: bytes, kept_side: int) -> Radiograph:
        """See `Screener.decode`."""
        return self._screener.decode(data, kept_side)

    def checked(
        self, data: bytes, kept_side: int, gate: GateName | None
    ) -> tuple[Validation, Radiograph, Radiograph]:
        """See `Screener.checked`."""
        return self._screener.checked(data, kept_side, gate)


class Inference:
    """A replica that computes networks, each loaded and verified when first asked for."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._models = Screener.from_settings(Settings(**settings)).models
        self._models.get()

    def infer(self, model: str, sha256: str, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.infer`."""
        return self._loaded(model, sha256).engine.infer(tensor)

    def explains(self, model: str, sha256: str) -> bool:
        """See `Explains.explains`."""
        engine = self._loaded(model, sha256).engine
        return isinstance(engine, Explains) and engine.explains

    def evidence(
        self,
        model: str,
        sha256: str,
        tensor: NDArray[np.float32],
        contrast: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """See `Explains.evidence`."""
        engine = self._loaded(model, sha256).engine
        assert isinstance(engine, Explains)  # noqa: S101 - it was asked
        return engine.evidence(tensor, contrast)

    def _loaded(self, model: str, sha256: str) -> LoadedModel:
        found = self._models.get(model)
        if found.stored.sha256 != sha256:
            # While models change: the answer would name what has not computed it.
            raise NotReady("starting")
        return found
