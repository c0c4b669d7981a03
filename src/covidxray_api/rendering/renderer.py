"""What a renderer is: from an answer to the bytes of one media type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from covidxray_api.decoding import Levels
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screening import Explained, Screening, Validation
from covidxray_api.texts import Language

Answer = Radiograph | Levels | Validation | Screening | Explained
"""What can be rendered."""


REFERENCE = r"^[!-~]([ -~]{0,62}[!-~])?$"
"""What a reference is: up to 64 printable ASCII characters, the first and last no space."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rendering states beside the answer."""

    language: Language
    """Language of the words."""

    request_id: str
    """Identifier of the request in the service's log."""

    made: datetime
    """When the answer was given, with its time zone."""

    reference: str | None = None
    """What the sender calls the image, no name; see `REFERENCE`."""


class Renderer(Protocol):
    """Draws answers in one media type."""

    @property
    def media_type(self) -> str:
        """Media type of the bytes, e.g. ``application/pdf``."""
        ...

    @property
    def answers(self) -> tuple[type[Answer], ...]:
        """Kinds of answers that it draws."""
        ...

    def render(self, answer: Answer, context: Context) -> bytes:
        """Return an answer of one of its kinds, drawn: the same bytes for the same arguments.

        Raises
        ------
        NotExplained
            If the saliency map is all that it draws, and there is none.
        """
        ...
