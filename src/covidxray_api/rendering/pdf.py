"""Reports as PDF, for the patient's folder."""

from __future__ import annotations

from covidxray_api.rendering.renderer import Answer, Context
from covidxray_api.screening.screening import Explained


class Pdf:
    """Draws an answer, image and saliency map on one page of A4."""

    media_type = "application/pdf"
    answers = (Explained,)

    def render(self, answer: Answer, context: Context) -> bytes:
        """Return the page; the same bytes for the same arguments."""
        # Imported with the first report: a tenth of the time until the service is ready.
        from covidxray_api.rendering.pdf_page import draw

        if not isinstance(answer, Explained):
            raise TypeError(f"{type(answer).__name__} has no page")
        return draw(answer, context)
