"""Answers as FHIR R4, for electronic health records."""

from __future__ import annotations

from covidxray_api.errors import NotAcceptable
from covidxray_api.rendering.renderer import Answer, Context
from covidxray_api.screening.screening import Screening


class Fhir:
    """Writes an answer as a bundle: report, observations, and the device that made them."""

    media_type = "application/fhir+json"
    answers = (Screening,)

    def render(self, answer: Answer, context: Context) -> bytes:
        """Return the bundle, of nobody: whose the image is, the service does not know.

        Raises
        ------
        NotAcceptable
            If what writes it is not installed.
        """
        if not isinstance(answer, Screening):
            raise TypeError(f"{type(answer).__name__} has no bundle")
        # With the first one: its package takes as long to load as all the rest.
        try:
            from covidxray_api.rendering.fhir_bundle import bundle
        except ModuleNotFoundError as error:
            raise NotAcceptable("extra", name=self.media_type) from error
        return bundle(answer, context)
