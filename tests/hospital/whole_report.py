"""Structured reports as highdicom makes them in one piece: what the service's own have to equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import highdicom.sr as sr
from pydicom import Dataset
from pydicom.sr.codedict import codes

from covidxray_api.hospital.equipment import MANUFACTURER, date, device_uid, equipment
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.measurement_groups import (
    algorithm_of,
    concept_of,
    identified,
    sentences,
    where_strongest,
)
from covidxray_api.hospital.structured_report import LANGUAGES, OWN_SCHEME, SERIES_NUMBER
from covidxray_api.models.manifest import Label
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering import coding
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import about_map
from covidxray_api.texts import message


def whole_report(
    films: Sequence[Film], context: Context, maps: Mapping[str, Dataset] | None = None
) -> Dataset:
    """Return the report of one study; see `covidxray_api.hospital.structured_report`."""
    maps, model = maps or {}, films[0].screening.model
    name = "/".join(("sr", context.language, *(film.uid("") for film in films[1:])))
    report = sr.MeasurementReport(
        observation_context=_observer(model),
        procedure_reported=concept_of(coding.CHEST_RADIOGRAPHY),
        imaging_measurements=[group for film in films for group in _groups(film, context, maps)],
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            LANGUAGES[context.language]
        ),
    )
    made = sr.Comprehensive3DSR(
        evidence=[*(film.reference.source for film in films), *maps.values()],
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
        **equipment(model),
    )
    date(made, context)
    del made.ContributingEquipmentSequence[0].ContributionDateTime
    return made


def _observer(model: StoredModel) -> sr.ObservationContext:
    identity = sr.DeviceObserverIdentifyingAttributes(
        uid=device_uid(model),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=f"{model.manifest.name} {model.manifest.version}",
        serial_number=model.sha256,
    )
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(codes.DCM.Device, identity)
    )


def _groups(film: Film, context: Context, maps: Mapping[str, Dataset]) -> Iterator[sr.Template]:
    decision = film.screening.decision
    answer = sr.MeasurementsAndQualitativeEvaluations(
        **_common(film, "answer"),
        finding_type=concept_of(coding.answer(film.screening)),
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                concept_of(coding.TO_BE_CONSIDERED), concept_of(coding.finding(label))
            )
            for label in (decision.candidates if decision else ())
        ]
        or None,
        source_images=[_source(film)],
    )
    yield _commented(answer, sentences(film, context.language))
    why = film.explained.explanation
    for label in film.screening.model.manifest.labels if film.screening.probabilities else ():
        group = _label_group(film, label, maps.get(film.reference.instance))
        if why and why.label == label:
            _commented(group, about_map(why, film.screening.model, context.language))
        yield group


def _commented(group: sr.Template, said: Iterable[str]) -> sr.Template:
    for text in said:
        group[0].ContentSequence.append(
            sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS)
        )
    return group


def _label_group(film: Film, label: Label, segments: Dataset | None) -> sr.Template:
    shares, explanation = film.screening.probabilities, film.explained.explanation
    assert shares
    said = {
        **_common(film, label.code),
        "finding_type": concept_of(coding.finding(label)),
        "measurements": [
            sr.Measurement(
                name=codes.DCM.Probability, value=shares[label.code], unit=codes.UCUM.NoUnits
            )
        ],
    }
    if explanation and explanation.label == label and explanation.spot:
        said["qualitative_evaluations"] = where_strongest(explanation.spot.place)
    if segments is None or explanation is None or explanation.label != label:
        return sr.MeasurementsAndQualitativeEvaluations(**said, source_images=[_source(film)])
    reference = film.reference
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        **said,
        method=codes.DCM.Saliency,
        referenced_segment=sr.ReferencedSegmentationFrame(
            sop_class_uid=segments.SOPClassUID,
            sop_instance_uid=segments.SOPInstanceUID,
            segment_number=1,
            frame_number=None,
            source_image=sr.SourceImageForSegmentation(reference.sop_class, reference.instance),
        ),
    )


def _common(film: Film, name: str) -> dict[str, Any]:
    return {
        "tracking_identifier": sr.TrackingIdentifier(
            uid=film.uid(f"group/{name}"), identifier=name
        ),
        "algorithm_id": identified(algorithm_of(film)),
    }


def _source(film: Film) -> sr.SourceImageForMeasurementGroup:
    return sr.SourceImageForMeasurementGroup(film.reference.sop_class, film.reference.instance)
