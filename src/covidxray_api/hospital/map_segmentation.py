"""Saliency maps as DICOM segmentations: the part of the film that was put to the test."""

from __future__ import annotations

import cv2
import highdicom as hd
import numpy as np
from highdicom.seg import Segmentation, SegmentDescription
from pydicom import DataElement, Dataset
from pydicom.sr.codedict import codes
from pydicom.tag import Tag
from pydicom.uid import ComputedRadiographyImageStorage

from covidxray_api.explanation import top
from covidxray_api.hospital.equipment import MANUFACTURER, date, equipment
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import headline

SERIES_NUMBER = 9003


def map_segmentation(film: Film, context: Context) -> Dataset | None:
    """Return the fifth of the film that its map marks most, as a segment (PS3.3, A.51).

    It is the area that was covered to test the map, see `explanation.explain`: where the network
    found what speaks for the label, and no outline of a disease.

    Returns
    -------
    Dataset, optional
        None if there is no map, or the film has several frames, of which only one was read.
    """
    source, why = _computed_radiograph(film.reference.source), film.explained.explanation
    if why is None or why.map is None or (source.get("NumberOfFrames") or 1) > 1:
        return None
    model, name = film.screening.model, f"map/{why.label.code}/{context.language}"
    height, width = source.Rows, source.Columns
    marked = top(why.map, model.manifest.input_size).astype(np.uint8)
    mask = cv2.resize(marked, (width, height), interpolation=cv2.INTER_NEAREST)
    described = SegmentDescription(
        segment_number=1,
        segment_label=headline(why.label, context.language),
        segmented_property_category=codes.SCT.SpatialAndRelationalConcept,
        segmented_property_type=codes.DCM.Saliency,
        algorithm_type="AUTOMATIC",
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=model.manifest.name,
            family=codes.DCM.ArtificialIntelligence,
            version=model.manifest.version,
            source=MANUFACTURER,
        ),
    )
    made = Segmentation(
        [source],
        mask[np.newaxis],
        "BINARY",
        [described],
        series_instance_uid=film.uid(f"{name}/series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid(name),
        instance_number=1,
        content_label="SALIENCY",
        content_description="What speaks for the label",
        **equipment(model),
    )
    if "PatientOrientation" not in made:
        made.PatientOrientation = None  # type 2C, as in the film
    date(made, context)
    _name_class(made, film.reference)
    return made


def _computed_radiograph(film: Dataset) -> Dataset:
    """Return a film as one of a class of which highdicom copies patient and study.

    Of a class that is retired it could not.
    """
    source = Dataset()
    source.update(film)
    source[Tag("SOPClassUID")] = DataElement("SOPClassUID", "UI", ComputedRadiographyImageStorage)
    return source


def _name_class(made: Dataset, film: ImageReference) -> None:
    """Give all references to a film its own class."""
    if made.get("ReferencedSOPInstanceUID") == film.instance:
        made.ReferencedSOPClassUID = film.sop_class
    for element in made:
        if element.VR == "SQ":
            for item in element.value:
                _name_class(item, film)
