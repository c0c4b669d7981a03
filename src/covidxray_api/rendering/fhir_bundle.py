"""The bundle of an answer: DiagnosticReport, Observation and Device of FHIR R4.

The classes are those of R4B (4.3.0), whose DiagnosticReport, Observation, Device and Bundle are the
same as in R4 (4.0.1) but for version numbers.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final, Literal

from fhir.resources.R4B.bundle import Bundle

from covidxray_api import __version__
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering import coding
from covidxray_api.rendering.coding import Code
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.screening.screening import Screening
from covidxray_api.texts import message

_NAMESPACE = uuid.UUID("8f2f7a5e-54b4-5d0a-8f0c-0c8a1d6f3b11")

OWN: Final = f"urn:uuid:{_NAMESPACE}"
"""System of the project's own codes and identifiers."""

SYSTEMS: Mapping[str, str] = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    coding.OWN: OWN,
}
"""Systems of codes, by the designators that DICOM gives them."""

_RADIOLOGY = {"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}
_INDETERMINATE = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    "code": "IND",
    "display": "Indeterminate",
}
_NOT_PERFORMED = {
    "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "code": "not-performed",
    "display": "Not Performed",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose image it is, where that is known: what a health record files by."""

    name: str
    """Tells this answer from all others; the same for the same answer."""

    study: str
    """Study Instance UID."""

    patient_id: str
    """Patient ID; empty if unknown."""

    accession_number: str
    """Accession Number; empty if unknown."""


def bundle(screening: Screening, context: Context, subject: Subject | None = None) -> bytes:
    """Return an answer as a bundle in JSON; its report is preliminary.

    Parameters
    ----------
    screening : Screening
        The answer.
    context : Context
        Language of the sentences, and when the answer was given.
    subject : Subject, optional
        With one it is a transaction, which a server takes once, however often it is sent; without
        one a collection.
    """
    name = subject.name if subject else context.request_id
    device = _device(screening.model)
    observations = _observations(screening, context, subject, name)
    report = _report(screening, context, subject, name, list(observations))
    resources = {_url(name, "report"): report, **observations, _device_url(screening.model): device}
    entries = []
    for url, resource in resources.items():
        entry: Json = {"fullUrl": url, "resource": resource}
        if subject:
            identifier = resource["identifier"][0]
            entry["request"] = {
                "method": "POST",
                "url": resource["resourceType"],
                "ifNoneExist": f"identifier={identifier['system']}|{identifier['value']}",
            }
        entries.append(entry)
    kind: Literal["transaction", "collection"] = "transaction" if subject else "collection"
    made = Bundle.model_validate({"resourceType": "Bundle", "type": kind, "entry": entries})
    written: str = made.model_dump_json()
    return written.encode()


def _report(
    screening: Screening,
    context: Context,
    subject: Subject | None,
    name: str,
    results: list[str],
) -> Json:
    wording = Wording(screening, context.language)
    said = (wording.statement(screening.decision), message("notice", context.language))
    report = _resource("DiagnosticReport", name, "report", context) | {
        "category": [{"coding": [_RADIOLOGY]}],
        "code": _concept(coding.CHEST_RADIOGRAPHY),
        "result": [{"reference": url} for url in results],
        "conclusion": _plain(" ".join(said)),
        "conclusionCode": [_concept(coding.answer(screening))],
    }
    if subject:
        report["imagingStudy"] = [_study(subject)]
        if subject.accession_number:
            order = {"type": _ACCESSION, "value": subject.accession_number}
            report["basedOn"] = [{"type": "ServiceRequest", "identifier": order}]
    return report | _whose(subject)


_ACCESSION = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]
}


def _observations(
    screening: Screening, context: Context, subject: Subject | None, name: str
) -> dict[str, Json]:
    """Return the answer, and the probability of each label, by their URLs."""
    decision, shares = screening.decision, screening.probabilities or {}
    answer: Json = {"code": _concept(coding.FINDING)}
    if decision is None:
        answer["dataAbsentReason"] = {"coding": [_NOT_PERFORMED]}
    else:
        answer["valueCodeableConcept"] = _concept(coding.answer(screening))
        if not decision.conclusive:
            answer["interpretation"] = [{"coding": [_INDETERMINATE]}]
    validation = screening.validation
    codes = (*(found.code for found in validation.consistency.findings), *validation.warnings)
    notes = [{"text": _plain(message(code, context.language))} for code in codes]
    if notes:
        answer["note"] = notes
    made = {"answer": answer}
    for label in screening.model.manifest.labels if shares else ():
        made[label.code] = {
            "code": {
                "coding": [_coding(coding.finding(label)), _coding(coding.PROBABILITY)],
                "text": f"{coding.PROBABILITY.meaning}: {coding.finding(label).meaning}",
            },
            "valueQuantity": {
                "value": round(shares[label.code], 6),
                "system": "http://unitsofmeasure.org",
                "code": "1",
            },
        }
    common: Json = {"device": {"reference": _device_url(screening.model)}} | _whose(subject)
    if subject:
        common["derivedFrom"] = [_study(subject)]
    return {
        _url(name, part): _resource("Observation", name, part, context) | said | common
        for part, said in made.items()
    }


def _device(model: StoredModel) -> Json:
    manifest = model.manifest
    return {
        "resourceType": "Device",
        "identifier": [{"system": OWN, "value": model.sha256}],
        "status": "active",
        "manufacturer": "covidxray-api",
        "modelNumber": manifest.name,
        "deviceName": [{"name": f"{manifest.name} {manifest.version}", "type": "model-name"}],
        "version": [
            {"type": {"text": "model"}, "value": manifest.version},
            {"type": {"text": "manifest SHA-256"}, "value": model.sha256},
            {"type": {"text": "service"}, "value": __version__},
        ],
    }


def _resource(kind: str, name: str, part: str, context: Context) -> Json:
    """Return what report and observations have in common."""
    made = context.made.astimezone(UTC).isoformat(timespec="seconds")
    return {
        "resourceType": kind,
        "identifier": [{"system": OWN, "value": f"{name}/{part}"}],
        "status": "preliminary",
        "issued": made,
    }


def _plain(text: str) -> str:
    """Return a text with plain spaces alone: a string of R4 has no others (section 2.24.0.1)."""
    return " ".join(text.split())


def _whose(subject: Subject | None) -> Json:
    if subject is None or not subject.patient_id:
        return {}
    return {"subject": {"type": "Patient", "identifier": {"value": subject.patient_id}}}


def _study(subject: Subject) -> Json:
    identifier = {"system": "urn:dicom:uid", "value": f"urn:oid:{subject.study}"}
    return {"type": "ImagingStudy", "identifier": identifier}


def _url(name: str, part: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{name}/{part}')}"


def _device_url(model: StoredModel) -> str:
    return _url(model.sha256, "device")


def _concept(code: Code) -> Json:
    return {"coding": [_coding(code)], "text": code.meaning}


def _coding(code: Code) -> Json:
    return {"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}
