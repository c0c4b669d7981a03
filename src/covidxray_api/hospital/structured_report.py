"""Answers as DICOM structured reports: Comprehensive 3D SR by TID 1500, Measurement Report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import highdicom.sr as sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom import Dataset
from pydicom.sr.codedict import codes

from covidxray_api import __version__
from covidxray_api.hospital.equipment import MANUFACTURER, date, device_uid, equipment
from covidxray_api.hospital.film import Film
from covidxray_api.models.manifest import Label
from covidxray_api.rendering import coding
from covidxray_api.rendering.coding import Code
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.texts import Language, message

SERIES_NUMBER = 9001

LANGUAGES: Mapping[Language, sr.CodedConcept] = {
    "en": sr.CodedConcept("en", "RFC5646", "English"),
    "es": sr.CodedConcept("es", "RFC5646", "Spanish"),
}

OWN_SCHEME = CodingSchemeIdentificationItem(coding.OWN, name=MANUFACTURER)


def structured_report(
    films: Sequence[Film], context: Context, maps: Mapping[str, Dataset] | None = None
) -> Dataset:
    """Return the report of one study: a result for each of its films, and never a final one.

    The first measurement group of a film has the answer as a coded finding, and in sentences its
    limits and the notice; one for each label has the label's probability. Each names the algorithm
    (TID 4019) and the image. The document is preliminary and unverified (PS3.3, C.17.2).

    Parameters
    ----------
    films : sequence of Film
        At least one, all of one study; patient and study are copied from the first.
    context : Context
        Language of the sentences, and when the answer was given.
    maps : mapping of str to Dataset, optional
        The segmentation of the saliency map, by the SOP Instance UID of the film.
    """
    maps = maps or {}
    name = "/".join(("sr", context.language, *(film.uid("") for film in films[1:])))
    sources = [film.reference.source for film in films]
    groups = [group for film in films for group in _groups(film, context, maps)]
    report = sr.MeasurementReport(
        observation_context=_observer(films[0]),
        procedure_reported=_concept(coding.CHEST_RADIOGRAPHY),
        imaging_measurements=groups,
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            LANGUAGES[context.language]
        ),
    )
    # Most of the time goes into copies and searches of what is measured, which is whole already.
    measured = report[0].ContentSequence[-1]
    del report[0].ContentSequence[-1]
    made = sr.Comprehensive3DSR(
        evidence=[*sources, *maps.values()],
        content=report,
        series_instance_uid=films[0].uid(f"{name}/series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=films[0].uid(name),
        instance_number=1,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=message("report_title", context.language),
        coding_schemes=[OWN_SCHEME],
        **equipment(films[0].screening.model),
    )
    made.ContentSequence.append(measured)
    date(made, context)
    return made


def _observer(film: Film) -> sr.ObservationContext:
    manifest, sha256 = film.screening.model.manifest, film.screening.model.sha256
    identity = sr.DeviceObserverIdentifyingAttributes(
        uid=device_uid(film.screening.model),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=f"{manifest.name} {manifest.version}",
        serial_number=sha256,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(codes.DCM.Device, identity)
    )


def _groups(film: Film, context: Context, maps: Mapping[str, Dataset]) -> list[sr.Template]:
    screening = film.screening
    answer = _group(
        film, "answer", _concept(coding.answer(film.screening)), evaluations=_considered(film)
    )
    for text in _sentences(film, context.language):
        answer[0].ContentSequence.append(
            sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS)
        )
    groups = [answer]
    for label in screening.model.manifest.labels if screening.probabilities else ():
        groups.append(_label_group(film, label, maps.get(film.reference.instance)))
    return groups


def _label_group(film: Film, label: Label, segments: Dataset | None) -> object:
    shares, explanation = film.screening.probabilities or {}, film.explained.explanation
    measured = sr.Measurement(
        name=codes.DCM.Probability, value=shares[label.code], unit=codes.UCUM.NoUnits
    )
    concept = _concept(coding.finding(label))
    if segments is None or explanation is None or explanation.label != label:
        return _group(film, label.code, concept, measurements=[measured])
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(film, label.code),
        referenced_segment=sr.ReferencedSegmentationFrame(
            sop_class_uid=segments.SOPClassUID,
            sop_instance_uid=segments.SOPInstanceUID,
            segment_number=1,
            frame_number=None,  # its one frame; PS3.3, C.10.3 has either number
            source_image=sr.SourceImageForSegmentation(
                film.reference.sop_class, film.reference.instance
            ),
        ),
        finding_type=concept,
        method=codes.DCM.Saliency,
        algorithm_id=_algorithm(film),
        measurements=[measured],
    )


def _group(
    film: Film,
    name: str,
    finding_type: sr.CodedConcept,
    *,
    measurements: Sequence[sr.Measurement] = (),
    evaluations: Sequence[sr.QualitativeEvaluation] = (),
) -> sr.MeasurementsAndQualitativeEvaluations:
    reference = film.reference
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(film, name),
        finding_type=finding_type,
        algorithm_id=_algorithm(film),
        measurements=measurements or None,
        qualitative_evaluations=evaluations or None,
        source_images=[sr.SourceImageForMeasurementGroup(reference.sop_class, reference.instance)],
    )


def _tracking(film: Film, name: str) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=film.uid(f"group/{name}"), identifier=name)


def _algorithm(film: Film) -> sr.AlgorithmIdentification:
    """Return which algorithm answered (TID 4019), to the last bit."""
    screening = film.screening
    model, site = screening.model, screening.model.site
    gate = screening.validation.consistency.gate
    said = {
        "manifest SHA-256": model.sha256,
        "operating point": screening.operating_point,
        "engine": screening.engine,
        "gate": gate,
        "site profile": f"{site.profile.name}, SHA-256 {site.sha256}" if site else None,
        "service": f"{MANUFACTURER} {__version__}",
    }
    return sr.AlgorithmIdentification(
        name=model.manifest.name,
        version=model.manifest.version,
        parameters=[f"{name}: {value}" for name, value in said.items() if value],
        manufacturer=MANUFACTURER,
    )


def _considered(film: Film) -> list[sr.QualitativeEvaluation]:
    """Return what an answer that is not conclusive leaves open."""
    decision = film.screening.decision
    return [
        sr.QualitativeEvaluation(_concept(coding.TO_BE_CONSIDERED), _concept(coding.finding(label)))
        for label in (decision.candidates if decision else ())
    ]


def _sentences(film: Film, language: Language) -> Iterable[str]:
    """Yield the answer in words: statement and limits, what was found of the image, the notice."""
    screening = film.screening
    wording = Wording(screening, language)
    yield wording.statement(screening.decision)
    validation = screening.validation
    for code in (*(found.code for found in validation.consistency.findings), *validation.warnings):
        yield message(code, language)
    for figure in wording.figures(screening.decision):
        yield figure.message
    yield message("notice", language)


def _concept(code: Code) -> sr.CodedConcept:
    return sr.CodedConcept(code.value, code.scheme, code.meaning)
