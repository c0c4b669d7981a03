"""Answers as DICOM structured reports: Comprehensive 3D SR by TID 1500, Measurement Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Final, NamedTuple

import highdicom.sr as sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr.utils import collect_evidence
from pydicom import Dataset, dcmread
from pydicom.charset import convert_encodings
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.tag import Tag
from pydicom.uid import ComputedRadiographyImageStorage

from covidxray_api.hospital.content_items import CHARACTER_SET, Container
from covidxray_api.hospital.equipment import MANUFACTURER, date, device_uid, equipment
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.film_items import ANY
from covidxray_api.hospital.image_reference import IDENTIFYING
from covidxray_api.hospital.measurement_groups import concept_of, measurement_groups
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering import coding
from covidxray_api.rendering.renderer import Context
from covidxray_api.texts import Language, message

SERIES_NUMBER = 9001

LANGUAGES: Mapping[Language, sr.CodedConcept] = {
    "en": sr.CodedConcept("en", "RFC5646", "English"),
    "es": sr.CodedConcept("es", "RFC5646", "Spanish"),
}

OWN_SCHEME = CodingSchemeIdentificationItem(coding.OWN, name=MANUFACTURER)

OF_ONE_STUDY: Final = (
    *IDENTIFYING,
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "CurrentRequestedProcedureEvidenceSequence",
    "ContentSequence",
)
"""Attributes that each report has for itself, beside its dates."""


class _Document(NamedTuple):
    """What all reports of a model in one language have alike."""

    attributes: FileDataset
    root: Container
    measurements: Container


def structured_report(
    films: Sequence[Film], context: Context, maps: Mapping[str, Dataset] | None = None
) -> Dataset:
    """Return the report of one study: a result for each of its films, and never a final one.

    The document is preliminary and unverified (PS3.3, C.17.2). It is what highdicom makes of the
    same; what no film changes, it makes once.

    Parameters
    ----------
    films : sequence of Film
        At least one, all of one study; patient and study are copied from the first.
    context : Context
        Language of the sentences, and when the answer was given.
    maps : mapping of str to Dataset, optional
        The segmentation of the saliency map, by the SOP Instance UID of the film.
    """
    maps, first = maps or {}, films[0]
    name = "/".join(("sr", context.language, *(film.uid("") for film in films[1:])))
    document = _document(first.screening.model, context.language)
    made = Dataset()
    made.update(document.attributes)
    made.SpecificCharacterSet = CHARACTER_SET
    first.reference.place(made)
    made.SeriesInstanceUID = first.uid(f"{name}/series")
    made.SOPInstanceUID = first.uid(name)
    date(made, context)
    made.CurrentRequestedProcedureEvidenceSequence = _evidence(films, maps)
    groups = [
        group
        for film in films
        for group in measurement_groups(film, context.language, maps.get(film.reference.instance))
    ]
    measured = document.measurements.filled({codes.DCM.MeasurementGroup.value: b"".join(groups)})
    content = b"".join(document.root.content({codes.DCM.ImagingMeasurements.value: measured}))
    tag = Tag("ContentSequence")
    made[tag] = RawDataElement(tag, "SQ", len(content), content, 0, False, True)
    made.set_original_encoding(False, True, convert_encodings(CHARACTER_SET))
    made.file_meta = FileMetaDataset(document.attributes.file_meta)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def prepare(model: StoredModel, language: Language) -> None:
    """Make what all reports of a model have alike, before the first one waits for it."""
    _document(model, language)


@lru_cache(maxsize=16)
def _document(model: StoredModel, language: Language) -> _Document:
    """Return the report of no film at all, as highdicom makes it."""
    report = sr.MeasurementReport(
        observation_context=_observer(model),
        procedure_reported=concept_of(coding.CHEST_RADIOGRAPHY),
        imaging_measurements=[
            sr.MeasurementsAndQualitativeEvaluations(sr.TrackingIdentifier(ANY, "any"))
        ],
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            LANGUAGES[language]
        ),
    )
    made = sr.Comprehensive3DSR(
        evidence=[_any_film()],
        content=report,
        series_instance_uid=ANY,
        series_number=SERIES_NUMBER,
        sop_instance_uid=ANY,
        instance_number=1,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=message("report_title", language),
        coding_schemes=[OWN_SCHEME],
        **equipment(model),
    )
    # When highdicom contributed would be that of the first report.
    del made.ContributingEquipmentSequence[0].ContributionDateTime
    file = BytesIO()
    made.save_as(file, enforce_file_format=True)
    # Read again, what is alike is written as it is.
    attributes = dcmread(BytesIO(file.getvalue()))
    for keyword in OF_ONE_STUDY:
        del attributes[keyword]
    root, measurements = report[0], report[0].ContentSequence[-1]
    return _Document(attributes, Container.of(root), Container.of(measurements))


def _evidence(films: Sequence[Film], maps: Mapping[str, Dataset]) -> list[Dataset]:
    nothing = Dataset()
    nothing.ContentSequence = []  # What the content refers to would be searched for.
    objects = [*(film.reference.source for film in films), *maps.values()]
    evidence: list[Dataset] = collect_evidence(objects, nothing, films[0].reference.study)[0]
    return evidence


def _any_film() -> Dataset:
    film = Dataset()
    for keyword in IDENTIFYING:
        setattr(film, keyword, None)
    film.SOPClassUID = ComputedRadiographyImageStorage
    film.SOPInstanceUID = film.SeriesInstanceUID = film.StudyInstanceUID = ANY
    film.SpecificCharacterSet = CHARACTER_SET
    return film


def _observer(model: StoredModel) -> sr.ObservationContext:
    manifest = model.manifest
    identity = sr.DeviceObserverIdentifyingAttributes(
        uid=device_uid(model),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=f"{manifest.name} {manifest.version}",
        serial_number=model.sha256,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(codes.DCM.Device, identity)
    )
