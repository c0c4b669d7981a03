"""Measurement groups of structured reports: the answer to a film, and each label's probability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import highdicom.sr as sr
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ComputedRadiographyImageStorage, SegmentationStorage

from covidxray_api import __version__
from covidxray_api.hospital.content_items import Container, attributes, by_name, item
from covidxray_api.hospital.equipment import MANUFACTURER
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.film_items import (
    ANY,
    any_probability,
    any_source,
    probability,
    source_image,
    tracking_uid,
)
from covidxray_api.lungs import Place
from covidxray_api.rendering import coding
from covidxray_api.rendering.coding import Code
from covidxray_api.rendering.wording import Wording, about_map
from covidxray_api.texts import Language, message

UID_OF_GROUP = codes.DCM.TrackingUniqueIdentifier.value
IMAGE_OF_GROUP = "121112"
PROBABILITY = codes.DCM.Probability.value
"""Codes of what each film has for itself."""


class Algorithm(NamedTuple):
    """What answered (TID 4019), to the last bit."""

    name: str
    version: str
    parameters: tuple[str, ...]


def measurement_groups(film: Film, language: Language, segments: Dataset | None) -> Iterator[bytes]:
    """Yield the groups of a film as they are written.

    The first (TID 1501) has the answer as a coded finding, and in sentences its limits and the
    notice; one for each label has the label's probability. That of the label which the saliency map
    explains has as a code where the map is strongest, in sentences what the map does and does not
    mean, and the segment if there is one (TID 1410). Each names the algorithm and the image.

    Parameters
    ----------
    film : Film
        The film.
    language : {"en", "es"}
        Language of the sentences.
    segments : Dataset, optional
        The segmentation of the saliency map.
    """
    screening, algorithm = film.screening, algorithm_of(film)
    decision, explanation = screening.decision, film.explained.explanation
    image = source_image(film.reference.sop_class, film.reference.instance)
    considered = tuple(coding.finding(label) for label in (decision.candidates if decision else ()))
    answer = _answer_group(coding.answer(screening), considered, algorithm)
    given = {IMAGE_OF_GROUP: image, UID_OF_GROUP: tracking_uid(film.uid("group/answer"))}
    yield answer.filled(given, map(_comment, sentences(film, language)))
    shares = screening.probabilities or {}
    for label in screening.model.manifest.labels if shares else ():
        given[UID_OF_GROUP] = tracking_uid(film.uid(f"group/{label.code}"))
        given[PROBABILITY] = probability(shares[label.code])
        concept = coding.finding(label)
        if explanation is None or explanation.map is None or explanation.label != label:
            yield _label_group(label.code, concept, None, algorithm).filled(given)
            continue
        strongest = film.spot.place if film.spot else None
        said = [_comment(text) for text in about_map(explanation, screening.model, language)]
        if segments is None:
            yield _label_group(label.code, concept, strongest, algorithm).filled(given, said)
            continue
        segment = _segment(
            segments.SOPClassUID,
            segments.SOPInstanceUID,
            film.reference.sop_class,
            film.reference.instance,
        )
        group = _segment_group(label.code, concept, strongest, algorithm)
        yield group.filled({**given, **dict(by_name(segment))}, said)


@lru_cache(maxsize=64)
def _answer_group(finding: Code, considered: tuple[Code, ...], algorithm: Algorithm) -> Container:
    (group,) = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=ANY, identifier="answer"),
        finding_type=concept_of(finding),
        algorithm_id=identified(algorithm),
        # What an answer that is not conclusive leaves open.
        qualitative_evaluations=[
            sr.QualitativeEvaluation(concept_of(coding.TO_BE_CONSIDERED), concept_of(each))
            for each in considered
        ]
        or None,
        source_images=[any_source()],
    )
    return Container.of(group)


@lru_cache(maxsize=64)
def _label_group(
    name: str, finding: Code, strongest: Place | None, algorithm: Algorithm
) -> Container:
    (group,) = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=ANY, identifier=name),
        finding_type=concept_of(finding),
        algorithm_id=identified(algorithm),
        measurements=[any_probability()],
        qualitative_evaluations=where_strongest(strongest),
        source_images=[any_source()],
    )
    return Container.of(group)


@lru_cache(maxsize=64)
def _segment_group(
    name: str, finding: Code, strongest: Place | None, algorithm: Algorithm
) -> Container:
    (group,) = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=ANY, identifier=name),
        referenced_segment=_segment(SegmentationStorage, ANY, ComputedRadiographyImageStorage, ANY),
        finding_type=concept_of(finding),
        method=codes.DCM.Saliency,
        algorithm_id=identified(algorithm),
        measurements=[any_probability()],
        qualitative_evaluations=where_strongest(strongest),
    )
    return Container.of(group)


@lru_cache(maxsize=256)
def _comment(text: str) -> bytes:
    return item(
        attributes(sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS))
    )


def _segment(
    sop_class: str, instance: str, film_class: str, film: str
) -> sr.ReferencedSegmentationFrame:
    return sr.ReferencedSegmentationFrame(
        sop_class_uid=sop_class,
        sop_instance_uid=instance,
        segment_number=1,
        frame_number=None,  # its one frame; PS3.3, C.10.3 has either number
        source_image=sr.SourceImageForSegmentation(film_class, film),
    )


def algorithm_of(film: Film) -> Algorithm:
    """Return what answered to a film."""
    screening, spot = film.screening, film.spot
    model, site = screening.model, screening.model.site
    said = {
        "manifest SHA-256": model.sha256,
        "operating point": screening.operating_point,
        "engine": screening.engine,
        "gate": screening.validation.consistency.gate,
        "lung finder": spot.lung_finder if spot else None,
        "site profile": f"{site.profile.name}, SHA-256 {site.sha256}" if site else None,
        "service": f"{MANUFACTURER} {__version__}",
    }
    parameters = tuple(f"{name}: {value}" for name, value in said.items() if value)
    return Algorithm(model.manifest.name, model.manifest.version, parameters)


def identified(algorithm: Algorithm) -> sr.AlgorithmIdentification:
    """Return an algorithm as highdicom's templates take it."""
    return sr.AlgorithmIdentification(
        name=algorithm.name,
        version=algorithm.version,
        parameters=list(algorithm.parameters),
        manufacturer=MANUFACTURER,
    )


def where_strongest(place: Place | None) -> list[sr.QualitativeEvaluation] | None:
    """Return where a saliency map is strongest as highdicom's templates take it."""
    if place is None:
        return None
    named, found = concept_of(coding.STRONGEST_SPOT), concept_of(coding.PLACES[place])
    return [sr.QualitativeEvaluation(named, found)]


def sentences(film: Film, language: Language) -> Iterable[str]:
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


def concept_of(code: Code) -> sr.CodedConcept:
    """Return a code as highdicom's content items take it."""
    return sr.CodedConcept(code.value, code.scheme, code.meaning)
