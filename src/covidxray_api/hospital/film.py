"""A film that has been screened, in its study; and the UIDs of what is made of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from covidxray_api import __version__
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.lungs import Spot
from covidxray_api.screening.screening import Explained, Screening

_RESULTS = uuid.UUID("6f0b6f5e-6d0a-5f0c-9a55-2f3f4d9b8f11")


@dataclass(frozen=True, slots=True)
class Film:
    """An image of a study, and its answer."""

    reference: ImageReference
    explained: Explained

    @property
    def screening(self) -> Screening:
        """The answer without its map."""
        return self.explained.screening

    @property
    def spot(self) -> Spot | None:
        """Where the saliency map is strongest, if there is one and the lungs were looked for."""
        explanation = self.explained.explanation
        return explanation.spot if explanation else None

    def uid(self, name: str) -> str:
        """Return the UID of something that is made of this answer to this film, by its name.

        What is made again of the same has the same UIDs, so that no archive keeps it twice. They
        are UUIDs (PS3.5, section B.2).
        """
        screening, spot = self.screening, self.spot
        site, shares = screening.model.site, screening.probabilities or {}
        parts = (
            name,
            __version__,
            self.reference.instance,
            screening.model.sha256,
            site.sha256 if site else "",
            screening.operating_point or "",
            *(f"{code} {share:.4f}" for code, share in shares.items()),
            *((spot.lung_finder, spot.place) if spot else ()),
        )
        return f"2.25.{uuid.uuid5(_RESULTS, '/'.join(parts)).int}"
