"""The structured report, read back by highdicom, as an archive and a reading room would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import highdicom.sr as sr
import pytest
from pydicom.sr.codedict import codes
from tests.hospital.conftest import Screened, check_valid, run
from tests.hospital.whole_report import whole_report

from covidxray_api.hospital.film import Film
from covidxray_api.hospital.map_segmentation import map_segmentation
from covidxray_api.hospital.results import encoded
from covidxray_api.hospital.structured_report import structured_report
from covidxray_api.models.decision import decide
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording
from covidxray_api.texts import LANGUAGES, Language, message

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


def report(*films: Film, language: Language = "en") -> sr.Comprehensive3DSR:
    return sr.srread(BytesIO(encoded(structured_report(films, Context(language, "r-1", MADE)))))


def undecided(film: Film) -> Film:
    """Give a film an answer between two labels."""
    shares = {"normal": 0.1, "covid_19": 0.5, "viral_pneumonia": 0.4}
    screening = film.screening
    decisions = decide(screening.model.manifest, shares, None, screening.model.elsewhere)
    changed = replace(screening, probabilities=shares, decisions=decisions)
    return replace(film, explained=replace(film.explained, screening=changed))


def considered(group: sr.MeasurementsAndQualitativeEvaluations) -> list[str]:
    return [
        evaluation.value.value
        for evaluation in group.get_qualitative_evaluations()
        if evaluation.name.meaning == "To be considered"
    ]


def texts(group: sr.MeasurementsAndQualitativeEvaluations) -> dict[str, list[str]]:
    """Return the texts of a group by their concept."""
    found: dict[str, list[str]] = {}
    for item in group[0].ContentSequence:
        if item.ValueType == "TEXT":
            found.setdefault(item.name.meaning, []).append(str(item.TextValue))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conclusive_answer(screened: Screened, language: Language) -> None:
    film = screened()
    read = report(film, language=language)
    assert (read.PreliminaryFlag, read.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert (read.StudyInstanceUID, str(read.PatientName)) == ("1.2.3.4", "Núñez^Ana")
    answer, *labels = read.content.get_image_measurement_groups()
    assert answer.finding_type.value == "882784691000119100"
    assert not considered(answer)
    said = texts(answer)["Comment"]
    assert said[0] == Wording(film.screening, language).statement(film.screening.decision)
    assert said[-1] == message("notice", language)
    shares = film.screening.probabilities
    assert shares
    assert [group.tracking_identifier for group in labels] == list(shares)
    for group, share in zip(labels, shares.values(), strict=True):
        (measured,) = group.get_measurements(name=codes.DCM.Probability)
        assert measured.value == pytest.approx(share)
        (source,) = group.source_images
        assert source.referenced_sop_instance_uid == film.reference.instance
        algorithm = texts(group)
        model = film.screening.model
        assert algorithm["Algorithm Name"] == [model.manifest.name]
        assert algorithm["Algorithm Version"] == [model.manifest.version]
        assert f"manifest SHA-256: {model.sha256}" in algorithm["Algorithm Parameters"]
    # The label "normal" must not read as a normal chest.
    assert labels[0].finding_type.scheme_designator == "99COVIDXRAY"


def test_what_is_not_conclusive_says_so(screened: Screened) -> None:
    answer, *_ = report(undecided(screened())).content.get_image_measurement_groups()
    assert answer.finding_type.value == "82334004"
    assert considered(answer) == ["882784691000119100", "75570004"]


def test_a_refused_film_has_no_label(screened: Screened) -> None:
    read = report(screened("not_a_radiograph"))
    (answer,) = read.content.get_image_measurement_groups()
    assert answer.finding_type.value == "not_a_chest_radiograph"
    assert not answer.get_measurements()


def test_films_of_one_study_are_one_report(screened: Screened) -> None:
    read = report(screened(), screened("not_a_radiograph"))
    groups = read.content.get_image_measurement_groups()
    sources = [group.source_images[0].referenced_sop_instance_uid for group in groups]
    assert sources == ["1.2.3.4.5.8"] * 4 + ["1.2.3.4.5.16"]
    (series,) = read.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_are_what_highdicom_makes_in_one_piece(
    screened: Screened, language: Language
) -> None:
    context = Context(language, "r-1", MADE)
    film, refused = screened(), screened("not_a_radiograph")
    no_identity = screened("normal", PatientName="", PatientID="", StudyDate="", StudyTime="")
    for films in ([film], [undecided(film)], [refused], [film, refused], [no_identity, film]):
        segments = {
            each.reference.instance: drawn
            for each in films
            if (drawn := map_segmentation(each, context))
        }
        for maps in ({}, segments):
            ours, whole = (
                encoded(make(films, context, maps)) for make in (structured_report, whole_report)
            )
            assert ours == whole


def test_the_same_answer_is_the_same_object(screened: Screened) -> None:
    film = screened()
    assert report(film).SOPInstanceUID == report(film).SOPInstanceUID
    uids = {
        report(made, language=language).SOPInstanceUID
        for made in (film, undecided(film), screened("normal"))
        for language in LANGUAGES
    }
    assert len(uids) == 6


@pytest.mark.hospital
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["covid_19", "normal", "viral_pneumonia", "not_a_radiograph"])
def test_reports_are_valid(
    screened: Screened, tmp_path: Path, name: str, language: Language
) -> None:
    film = screened(name)
    films = [film] if film.screening.decision is None else [undecided(film), screened("normal")]
    for number, kind in enumerate(([film], films)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(encoded(structured_report(kind, Context(language, "r-1", MADE))))
        check_valid(path)
        dumped = run("dsrdump", path)
        assert dumped.returncode == 0
        assert "E: " not in dumped.stderr
        assert "Comprehensive 3D SR" in dumped.stdout
        assert "Probability" in dumped.stdout or name == "not_a_radiograph"
        page = tmp_path / "r.html"
        assert run("dsr2html", path, page).returncode == 0
        assert message("notice", language) in page.read_text(encoding="utf-8")
