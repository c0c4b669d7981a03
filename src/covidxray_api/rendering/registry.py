"""The renderers by media type: a new format is registered here, and nowhere else."""

from __future__ import annotations

from covidxray_api.rendering.fhir import Fhir
from covidxray_api.rendering.hl7 import Hl7
from covidxray_api.rendering.json import Json
from covidxray_api.rendering.pdf import Pdf
from covidxray_api.rendering.png import Png
from covidxray_api.rendering.renderer import Answer, Renderer
from covidxray_api.rendering.samples import Samples


class Renderers:
    """Renderers, found by what they make.

    Parameters
    ----------
    *renderers : Renderer
        Where a caller does not mind which, an earlier one is taken.
    """

    def __init__(self, *renderers: Renderer) -> None:
        self._renderers = {renderer.media_type: renderer for renderer in renderers}

    def media_types(self, kind: type[Answer]) -> tuple[str, ...]:
        """Return the media types in which a kind of answer can be drawn."""
        return tuple(
            media_type
            for media_type, renderer in self._renderers.items()
            if kind in renderer.answers
        )

    def __getitem__(self, media_type: str) -> Renderer:
        return self._renderers[media_type]


RENDERERS = Renderers(Json(), Fhir(), Hl7(), Pdf(), Png(), Samples())
"""Those of this package."""
