"""All objects of an answer: what they show, and that others accept them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from tests.hospital.conftest import Screened, check_valid

from covidxray_api.explanation import NOT_FAITHFUL, SHARE, Explanation
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.picture import SIDE
from covidxray_api.hospital.results import encoded, results
from covidxray_api.rendering.renderer import Context
from covidxray_api.texts import LANGUAGES, Language

MADE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


def made(*films: Film, language: Language = "en") -> dict[str, Dataset]:
    """Return the objects by their modality, read from files."""
    found = results(films, Context(language, "r-1", MADE))
    return {one.Modality: dcmread(BytesIO(encoded(one))) for one in found}


def explained(film: Film, cells: np.ndarray | None) -> Film:
    """Give the answer a map of our own, or none."""
    decision = film.screening.decision
    assert decision
    why = Explanation(decision.label, cells, None if cells is not None else NOT_FAITHFUL)
    why = replace(why, drop=0.3, random_drop=0.1, largest_drop=0.1)
    return replace(film, explained=replace(film.explained, explanation=why))


def test_all_objects_are_of_the_study_and_patient(screened: Screened) -> None:
    found = made(screened())
    assert list(found) == ["OT", "SEG", "SR"]
    for one in found.values():
        assert one.StudyInstanceUID == "1.2.3.4"
        assert (str(one.PatientName), one.PatientID) == ("Núñez^Ana", "HC-17")
        assert (one.AccessionNumber, one.StudyDate, one.StudyID) == ("ACC-1", "20260301", "7")
        assert one.DeviceSerialNumber == screened().screening.model.sha256
        assert one.ContentDate == MADE.astimezone().strftime("%Y%m%d")
    series = {one.SeriesInstanceUID for one in found.values()}
    assert len(series) == 3
    assert "1.2.3.4.5" not in series


def test_the_segment_is_what_the_map_marks_most(screened: Screened) -> None:
    film = screened()
    cells = np.zeros((6, 6), np.float32)
    cells[:3] = 1  # the upper half
    segment = hd.seg.Segmentation.from_dataset(made(explained(film, cells))["SEG"])
    (frame,) = segment.get_pixels_by_source_instance([film.reference.instance])[..., 0]
    assert frame.shape == (film.reference.source.Rows, film.reference.source.Columns)
    assert frame.mean() == pytest.approx(SHARE, abs=0.01)
    assert not frame[frame.shape[0] // 2 + frame.shape[0] // 6 :].any()


def test_the_report_names_the_segment(screened: Screened) -> None:
    found = made(screened())
    report = hd.sr.Comprehensive3DSR.from_dataset(found["SR"])
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert group.finding_type.value == "882784691000119100"
    segment = group.referenced_segmentation_frame
    assert segment.referenced_sop_instance_uid == found["SEG"].SOPInstanceUID


def test_a_film_of_a_retired_class_is_answered(screened: Screened) -> None:
    retired = "1.2.840.10008.5.1.4.1.1.6"  # ultrasound, of 1993
    for name in ("covid_19", "not_a_radiograph"):
        found = made(screened(name, SOPClassUID=retired))
        assert found["SR"].PatientID == found["OT"].PatientID == "HC-17"
        evidence = found["SR"].CurrentRequestedProcedureEvidenceSequence[0]
        series = evidence.ReferencedSeriesSequence[0]
        classes = {item.ReferencedSOPClassUID for item in series.ReferencedSOPSequence}
        assert classes == {retired}
        assert "1.2.840.10008.5.1.4.1.1.1" not in str(found["SR"])


def test_a_withheld_map_is_no_segment(screened: Screened) -> None:
    assert list(made(explained(screened(), None))) == ["OT", "SR"]
    assert list(made(screened("not_a_radiograph"))) == ["OT", "SR"]


def test_the_picture_has_film_and_words(screened: Screened) -> None:
    film = screened()
    found = {language: made(film, language=language)["OT"] for language in LANGUAGES}
    for capture in found.values():
        assert capture.BurnedInAnnotation == "NO"
        picture = capture.pixel_array
        assert picture.shape[1:] == (SIDE, 3)
        assert (picture[SIDE:] > 128).mean() > 0.01
    # Where the map speaks, the film is coloured.
    colours = np.ptp(found["en"].pixel_array[:SIDE].astype(int), axis=2)
    assert colours.max() > 100
    assert found["en"].SOPInstanceUID != found["es"].SOPInstanceUID


@pytest.mark.hospital
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["covid_19", "normal", "not_a_radiograph"])
def test_all_objects_are_valid(
    screened: Screened, tmp_path: Path, name: str, language: Language
) -> None:
    bare = screened(name, **dict.fromkeys(("StudyDate", "StudyID", "PatientBirthDate"), ""))
    for film in (screened(name), bare):
        for number, one in enumerate(results([film], Context(language, "r-1", MADE))):
            path = tmp_path / f"{number}.dcm"
            path.write_bytes(encoded(one))
            check_valid(path)
