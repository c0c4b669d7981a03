"""All DICOM objects of an answer, in the study of its films."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from io import BytesIO

from highdicom._standard_utils import get_sop_class_iod_map
from pydicom import Dataset, dcmwrite
from pydicom.uid import ComputedRadiographyImageStorage

from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
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
        made = _made([_understood(film) for film in films], context, kinds)
    classes = {film.reference.instance: film.reference.sop_class for film in films}
    for one in made:
        _name_classes(one, classes)
    return made


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


def _understood(film: Film) -> Film:
    """Return a film of a class that highdicom knows: of a retired one it could copy no patient."""
    if film.reference.sop_class in get_sop_class_iod_map():
        return film
    source = deepcopy(film.reference.source)
    source.SOPClassUID = ComputedRadiographyImageStorage
    return replace(film, reference=ImageReference(source))


def _name_classes(made: Dataset, classes: Mapping[str, str]) -> None:
    """Give all references to films their own class."""
    if (instance := made.get("ReferencedSOPInstanceUID")) in classes:
        made.ReferencedSOPClassUID = classes[instance]
    for element in made:
        if element.VR == "SQ":
            for item in element.value:
                _name_classes(item, classes)


def encoded(made: Dataset) -> bytes:
    """Return an object as a file (PS3.10)."""
    file = BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()
