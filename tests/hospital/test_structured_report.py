"""The structured report, read back by highdicom, as an archive and a reading room would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import get_args

import highdicom.sr as sr
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sr.codedict import codes
from tests.hospital.conftest import Screened, check_valid, run
from tests.hospital.whole_report import whole_report

from covidxray_api.explanation import Explanation
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.map_segmentation import map_segmentation
from covidxray_api.hospital.results import encoded
from covidxray_api.hospital.structured_report import structured_report
from covidxray_api.lungs import Place, Spot
from covidxray_api.models.decision import decide
from covidxray_api.models.evidence import Share
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.wording import Wording, about_map
from covidxray_api.texts import LANGUAGES, Language, message

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


RIGHT = Share(value=0.93, low=0.9, high=0.95, n=412)


def report(
    *films: Film, language: Language = "en", maps: dict[str, Dataset] | None = None
) -> sr.Comprehensive3DSR:
    made = structured_report(films, Context(language, "r-1", MADE), maps)
    return sr.srread(BytesIO(encoded(made)))


def undecided(film: Film) -> Film:
    """Give a film an answer between two labels."""
    shares = {"normal": 0.1, "covid_19": 0.5, "viral_pneumonia": 0.4}
    screening = film.screening
    decisions = decide(screening.model.manifest, shares, None, screening.model.elsewhere)
    changed = replace(screening, probabilities=shares, decisions=decisions)
    return replace(film, explained=replace(film.explained, screening=changed))


def mapped(film: Film, place: Place | None) -> Film:
    """Give a film a map that is strongest somewhere; without a place, nothing looks for lungs."""
    label = film.screening.model.manifest.labels[1]
    right = RIGHT if place in ("inside_lungs", "outside_lungs") else None
    spot = Spot(place, right, "1") if place else None
    found = np.eye(5, dtype=np.float32)
    why = Explanation(label, found, None, 0.3, 0.1, 0.05, spot)
    return replace(film, explained=replace(film.explained, explanation=why))


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", [*get_args(Place), None])
def test_the_group_of_the_map_says_where_it_is_strongest(
    screened: Screened, place: Place | None, language: Language
) -> None:
    film = mapped(screened(), place)
    why, model = film.explained.explanation, film.screening.model
    drawn = map_segmentation(film, Context(language, "r-1", MADE))
    assert why
    assert drawn
    code = {"inside_lungs": "39607008", "undetermined": "82334004"}.get(place or "", place)
    for maps in ({}, {film.reference.instance: drawn}):
        read = report(film, language=language, maps=maps).content
        plain = {group.tracking_identifier: group for group in read.get_image_measurement_groups()}
        planar = read.get_planar_roi_measurement_groups()
        assert [group.tracking_identifier for group in planar] == [why.label.code] * len(maps)
        said = [*planar, *plain.values()]
        (group,) = (each for each in said if each.tracking_identifier == why.label.code)
        assert texts(group)["Comment"] == about_map(why, model, language)
        evaluated = group.get_qualitative_evaluations()
        assert [each.value.value for each in evaluated] == ([code] if place else [])
        assert not any("Comment" in texts(plain[each]) for each in ("normal", "viral_pneumonia"))
    version = "lung finder: 1"
    assert (version in texts(plain["answer"])["Algorithm Parameters"]) == (place is not None)


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
    strongest = [mapped(film, place) for place in get_args(Place)]
    for films in (
        *([each] for each in (film, undecided(film), refused, *strongest)),
        *([film, refused], [no_identity, film]),
    ):
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
    film, context = screened(name), Context(language, "r-1", MADE)
    films, maps = [film], {}
    if film.screening.decision is not None:
        strongest = [mapped(film, place) for place in get_args(Place)]
        films = [undecided(film), screened("normal"), *strongest]
        maps[film.reference.instance] = map_segmentation(strongest[0], context)
    for number, kind in enumerate(([film], films)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(encoded(structured_report(kind, context, maps)))
        check_valid(path)
        dumped = run("dsrdump", path)
        assert dumped.returncode == 0
        assert "E: " not in dumped.stderr
        assert "Comprehensive 3D SR" in dumped.stdout
        assert "Probability" in dumped.stdout or name == "not_a_radiograph"
        page = tmp_path / "r.html"
        assert run("dsr2html", path, page).returncode == 0
        assert message("notice", language) in page.read_text(encoding="utf-8")
