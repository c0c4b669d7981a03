"""All DICOM objects of an answer, in the study of its films."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from io import BytesIO

from pydicom import Dataset, dcmwrite

from covidxray_api.hospital.film import Film
from covidxray_api.hospital.kinds import EVERY, Kind
from covidxray_api.hospital.map_segmentation import map_segmentation
from covidxray_api.hospital.secondary_capture import secondary_capture
from covidxray_api.hospital.structured_report import structured_report
from covidxray_api.rendering.renderer import Context

# It tells the UIDs of what it reads.
logging.getLogger("highdicom").setLevel(logging.CRITICAL + 1)


def results(
    films: Sequence[Film], context: Context, kinds: frozenset[Kind] = EVERY
) -> list[Dataset]:
    """Return what is filed in a study: its structured report comes last, as it names the others.

    Parameters
    ----------
    films : sequence of Film
        At least one, all of one study; those that were refused are reported as such.
    context : Context
        Language of the sentences, and when the answer was given.
    kinds : frozenset of str
        What is made; what nobody wants is not.
    """
    # Both quote what they find odd, a patient's name included. Threads may leave this filter in
    # place after its block, which is as good.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="highdicom|pydicom")
        return _made(films, context, kinds)


def _made(films: Sequence[Film], context: Context, kinds: frozenset[Kind]) -> list[Dataset]:
    made, maps = [], {}
    if "secondary_capture" in kinds:
        made = [secondary_capture(film, context) for film in films]
    if "segmentation" in kinds:
        maps = {
            film.reference.instance: drawn
            for film in films
            if (drawn := map_segmentation(film, context))
        }
    made += maps.values()
    if "structured_report" in kinds:
        made.append(structured_report(films, context, maps))
    return made


def encoded(made: Dataset) -> bytes:
    """Return an object as a file (PS3.10)."""
    file = BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()
