"""A change of models while the service runs: loaded beside those that answer, then switched."""

from __future__ import annotations

import asyncio
from typing import Literal

import structlog

from covidxray_api.errors import CovidXrayError
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.logs import log_failure
from covidxray_api.serving.service import ScreeningService

Outcome = Literal["loading", "loaded", "switched", "failed"]

log = structlog.get_logger()


class ModelChange:
    """What this process makes of the latest change of models that was asked for.

    What is in the store is loaded, verified and warmed up as at a start, while the models of before
    answer. Those answer on if anything of it fails; otherwise one reference is replaced, and what
    has begun ends with the model that it began with.

    Parameters
    ----------
    service : ScreeningService
        Answers.
    """

    def __init__(self, service: ScreeningService) -> None:
        self._service = service
        self._beside: Screener | None = None
        self.outcome: Outcome | None = None
        """How it went; none before the first."""

    async def load(self) -> bool:
        """Load what is in the store, beside what answers; return whether it can take over."""
        self._beside, self.outcome = None, "loading"
        try:
            beside = await asyncio.to_thread(self._service.rebuilt)
        except Exception as error:
            if isinstance(error, CovidXrayError):
                log.error("models not loaded", problem=error.code, detail=str(error))
            else:
                log_failure(log, "models not loaded", error)
            self._fail()
            return False
        if self.outcome == "loading":
            self._beside, self.outcome = beside, "loaded"
        return self._beside is not None

    def switch(self) -> None:
        """Let answer what was loaded, if that was, from the next request on."""
        if self._beside is None:
            return
        self._service.answer_with(self._beside)
        self._beside, self.outcome = None, "switched"
        self._service.metrics.changed("switched")
        model = self._service.model
        if model:
            log.info("switched", model=model.manifest.name, version=model.manifest.version)

    def drop(self) -> None:
        """Forget what was loaded: the models of before answer on."""
        if self.outcome in {"loading", "loaded"}:
            log.error("models dropped")
            self._fail()

    def _fail(self) -> None:
        self._beside, self.outcome = None, "failed"
        self._service.metrics.changed("failed")
