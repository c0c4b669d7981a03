"""Results for a time."""

from __future__ import annotations

import threading
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.hospital.conftest import Screened

from covidxray_api.errors import ResultsUnavailable, UnknownResult
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.results import results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.hospital.triage import Priority
from covidxray_api.models.decision import decide
from covidxray_api.rendering.renderer import Context

NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(tmp_path / "new" / "results.sqlite", hours=24)


def add(store: ResultsStore, *films: Film, made: datetime = NOW, request_id: str = "r") -> None:
    objects = results(films, Context("en", request_id, made))
    store.add(films, objects, made, request_id)


def answered(film: Film, **shares: float) -> Film:
    """Give a film another answer."""
    screening = film.screening
    decisions = decide(screening.model.manifest, shares, None, screening.model.elsewhere)
    changed = replace(screening, probabilities=shares, decisions=decisions)
    return replace(film, explained=replace(film.explained, screening=changed))


def placed(film: Film, study: str) -> Film:
    """Move a film to another study."""
    source = deepcopy(film.reference.source)
    source.StudyInstanceUID, source.SOPInstanceUID = study, f"{study}.1"
    return replace(film, reference=ImageReference(source))


def test_results_are_found_as_dicomweb_asks(store: ResultsStore, screened: Screened) -> None:
    add(store, screened())
    add(store, screened("normal", StudyInstanceUID="1.2.5", PatientID="HC-[18]"))
    assert len(store.find()) == 6
    assert len(store.find(study="1.2.3.4")) == 3
    assert len(store.find(patient_id="HC-[18]")) == 3
    assert len(store.find(modality="SR", patient_name="Núñez^Ana")) == 2
    (found,) = store.find(study="1.2.5", modality="SR")
    assert (found.PatientID, found.PatientName) == ("HC-[18]", "Núñez^Ana")
    assert store.find(instance=found.SOPInstanceUID) == [found]
    read = dcmread(BytesIO(store.get(found.SOPInstanceUID)))
    assert read.SOPInstanceUID == found.SOPInstanceUID
    with pytest.raises(UnknownResult):
        store.get("1.2.3")
    assert store.find(study="1.2.3") == []


def test_what_is_sent_again_is_kept_once(store: ResultsStore, screened: Screened) -> None:
    add(store, screened())
    store.worklist.mark_read("1.2.3.4", NOW)
    add(store, screened(), made=NOW + timedelta(seconds=1), request_id="s")
    assert len(store.find()) == 3
    (entry,) = store.worklist.entries()
    assert (entry.films, entry.read_at, entry.request_ids) == (1, NOW, ("s",))
    ((series, instance),) = entry.pictures
    (picture,) = store.find(series=series, modality="OT")
    assert picture.SOPInstanceUID == instance


def test_nothing_is_kept_beyond_its_time(
    store: ResultsStore, screened: Screened, tmp_path: Path
) -> None:
    add(store, screened(PatientID="HC-FORGET"), made=NOW - timedelta(hours=25))
    assert store.find() == []
    assert store.worklist.entries() == []
    with pytest.raises(UnknownResult):
        store.worklist.mark_read("1.2.3.4", NOW)
    kept = (tmp_path / "new").glob("results.sqlite*")
    assert not any(b"HC-FORGET" in file.read_bytes() for file in kept)


def test_the_worklist_has_what_is_urgent_first(store: ResultsStore, screened: Screened) -> None:
    certain, normal = screened(), screened("normal")
    films = {
        "1": normal,
        "2": screened("not_a_radiograph"),
        "3": answered(certain, normal=0.01, covid_19=0.01, viral_pneumonia=0.98),
        "4": answered(certain, normal=0.1, covid_19=0.5, viral_pneumonia=0.4),
        "5": certain,
    }
    for study, film in films.items():
        add(
            store,
            placed(film, f"1.2.{study}"),
            made=NOW + timedelta(seconds=int(study)),
            request_id=f"r{study}",
        )
    listed = store.worklist.entries()
    assert [entry.study for entry in listed] == ["1.2.5", "1.2.4", "1.2.3", "1.2.2", "1.2.1"]
    assert [entry.priority for entry in listed] == list(Priority)
    store.worklist.mark_read("1.2.5", NOW)
    assert [entry.study for entry in store.worklist.entries()][-1] == "1.2.5"
    store.worklist.mark_read("1.2.5", None)
    assert store.worklist.entries()[0].study == "1.2.5"


def test_a_film_that_comes_later_is_unread(store: ResultsStore, screened: Screened) -> None:
    add(store, screened("normal"))
    store.worklist.mark_read("1.2.3.4", NOW)
    add(store, screened(), made=NOW + timedelta(seconds=1), request_id="s")
    (entry,) = store.worklist.entries()
    assert (entry.priority, entry.films, entry.read_at) == (Priority.COVID_19, 2, None)
    assert entry.request_ids == ("r", "s")


def test_the_file_is_its_owners_alone(
    store: ResultsStore, screened: Screened, tmp_path: Path
) -> None:
    add(store, screened())
    for file in (tmp_path / "new").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsUnavailable, match="failing"):
        ResultsStore(tmp_path, hours=24).find()
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 200)
    with pytest.raises(ResultsUnavailable, match="failing"):
        ResultsStore(broken, hours=24).worklist.entries()


def test_several_write_at_once(store: ResultsStore, screened: Screened) -> None:
    film = screened("not_a_radiograph")
    faults: list[Exception] = []

    def write(study: int) -> None:
        try:
            add(store, placed(film, f"1.2.{study}"))
        except ResultsUnavailable as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(study,)) for study in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(store.worklist.entries()) == 8
