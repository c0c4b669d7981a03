"""BentoML around the same pipeline, with a worker for each core."""

from pathlib import Path
from typing import Any

import bentoml

from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


@bentoml.service(workers=2, traffic={"timeout": 60})
class Screening:
    """Our own decoding, gate and compiled network, served by BentoML."""

    def __init__(self) -> None:
        self.screener = Screener.from_settings(Settings())
        self.screener.models.get()

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, file: Path) -> dict[str, Any]:
        """Screen the file of a form."""
        return {"probabilities": self.screener.screen(file.read_bytes()).probabilities}
