"""The answer as FHIR R4, read back as a health record would."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from covidxray_api.models.decision import decide
from covidxray_api.rendering.fhir import Fhir
from covidxray_api.rendering.fhir_bundle import OWN, Subject, bundle
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Screening
from covidxray_api.settings import Settings
from covidxray_api.texts import LANGUAGES, Language, message

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
SUBJECT = Subject("2.25.7", "1.2.3.4", "HC-17", "ACC-1")


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.from_settings(Settings())


@pytest.fixture(scope="module")
def screened(screener: Screener, examples: Path) -> Callable[[str], Screening]:
    return lambda name: screener.screen((examples / f"{name}.png").read_bytes())


def undecided(screening: Screening) -> Screening:
    shares = {"normal": 0.1, "covid_19": 0.5, "viral_pneumonia": 0.4}
    decisions = decide(screening.model.manifest, shares, None, screening.model.elsewhere)
    return replace(screening, probabilities=shares, decisions=decisions)


def written(
    screening: Screening, subject: Subject | None = None, language: Language = "en"
) -> dict[str, list[dict[str, Any]]]:
    """Return the resources by their type."""
    data = bundle(screening, Context(language, "ward-3", MADE), subject)
    Bundle.model_validate_json(data)
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(data)["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conclusive_answer(screened: Callable[[str], Screening], language: Language) -> None:
    screening = screened("covid_19")
    found = written(screening, language=language)
    (report,), (device,) = found["DiagnosticReport"], found["Device"]
    assert report["status"] == "preliminary"
    assert report["issued"].startswith("2026-03-01T14:05:00")
    (code,) = report["conclusionCode"][0]["coding"]
    assert (code["system"], code["code"]) == ("http://snomed.info/sct", "882784691000119100")
    said = Wording(screening, language).statement(screening.decision)
    notice = message("notice", language)
    assert report["conclusion"] == " ".join(f"{said} {notice}".split())
    assert "subject" not in report
    answer, *labels = found["Observation"]
    assert answer["valueCodeableConcept"] == report["conclusionCode"][0]
    assert all(one["status"] == "preliminary" for one in found["Observation"])
    shares = [one["valueQuantity"]["value"] for one in labels]
    assert screening.probabilities
    assert shares == pytest.approx([*screening.probabilities.values()], abs=1e-6)
    assert device["identifier"][0]["value"] == screening.model.sha256
    # "normal" is not a normal chest.
    assert labels[0]["code"]["coding"][0]["system"] == OWN


def test_what_is_not_conclusive_says_so(screened: Callable[[str], Screening]) -> None:
    found = written(undecided(screened("covid_19")))
    answer = found["Observation"][0]
    assert answer["valueCodeableConcept"]["coding"][0]["code"] == "82334004"
    assert answer["interpretation"][0]["coding"][0]["code"] == "IND"


def test_a_refused_image_has_no_value(screened: Callable[[str], Screening]) -> None:
    found = written(screened("not_a_radiograph"))
    (answer,) = found["Observation"]
    assert "valueCodeableConcept" not in answer
    assert answer["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    code = found["DiagnosticReport"][0]["conclusionCode"][0]["coding"][0]["code"]
    assert code == "not_a_chest_radiograph"


def test_references_lead_to_what_is_there(screened: Callable[[str], Screening]) -> None:
    data = json.loads(bundle(screened("normal"), Context("en", "ward-3", MADE)))
    urls = {entry["fullUrl"] for entry in data["entry"]}
    assert len(urls) == len(data["entry"])
    report = data["entry"][0]["resource"]
    assert {result["reference"] for result in report["result"]} < urls
    assert all(
        entry["resource"]["device"]["reference"] in urls
        for entry in data["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    )


def test_a_server_takes_it_once(screened: Callable[[str], Screening]) -> None:
    context = Context("en", "ward-3", MADE)
    data = bundle(screened("covid_19"), context, SUBJECT)
    assert data == bundle(screened("covid_19"), context, SUBJECT)
    read = json.loads(data)
    assert read["type"] == "transaction"
    for entry in read["entry"]:
        identifier = entry["resource"]["identifier"][0]
        assert entry["request"]["method"] == "POST"
        assert entry["request"]["ifNoneExist"].endswith(f"|{identifier['value']}")
    report = read["entry"][0]["resource"]
    assert report["subject"]["identifier"]["value"] == "HC-17"
    assert report["imagingStudy"][0]["identifier"]["value"] == "urn:oid:1.2.3.4"
    assert report["basedOn"][0]["identifier"]["value"] == "ACC-1"


def test_predict_answers_a_bundle(
    service: httpx.Client,
    film: bytes,
    serve: Callable[[Settings], AbstractContextManager[httpx.Client]],
) -> None:
    headers = {"Accept": Fhir.media_type, "Accept-Language": "es", "X-Request-ID": "ward-3"}
    answer = service.post("/predict", content=film, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == Fhir.media_type
    read = Bundle.model_validate_json(answer.content)
    assert read.type == "collection"
    assert " ".join(message("notice", "es").split()) in answer.text
    assert "ward-3/report" in answer.text
