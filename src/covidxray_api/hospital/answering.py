"""From a DICOM file to its results, in one call."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset

from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.results import results
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener


def answer(
    screener: Screener, data: bytes, reference: ImageReference, context: Context
) -> tuple[Film, Sequence[Dataset]]:
    """Screen a film, and return it with the objects that are filed in its study.

    Raises
    ------
    RadiographError
        If the file cannot be decoded within the limits.
    """
    film = Film(reference, screener.explain(data))
    return film, results([film], context)
