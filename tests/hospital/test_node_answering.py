"""What is made of a study, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydicom import dcmread
from pydicom.uid import generate_uid
from tests.hospital.conftest import LIMITS
from tests.hospital.nodes import said

from covidxray_api.hospital.node.answering import Answering
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.films import MOST_TRIES
from covidxray_api.hospital.node.ledger import Ledger
from covidxray_api.hospital.node.noting import Noting
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.observer import Answered

Radiograph = Callable[..., bytes]

PACS = {"name": "pacs", "kind": "dimse", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
EHR = {"name": "ehr", "kind": "fhir", "url": "http://127.0.0.1/fhir"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "node")


def accept(ledger: Ledger, film: bytes, *destinations: str) -> str:
    """Let a film be accepted; return its study."""
    found = dcmread(BytesIO(film), stop_before_pixels=True)
    study = str(found.StudyInstanceUID)
    ledger.films.accept(
        film, str(found.SOPInstanceUID), "1.2", study, "CR1", destinations or ("pacs",)
    )
    return study


def answer(
    ledger: Ledger, screener: Screener, study: str, *destinations: dict[str, Any]
) -> list[Answered]:
    """Answer a study, and return what was told of it."""
    config = NodeConfig.model_validate({"destinations": destinations or (PACS,)})
    return note(ledger, study, Answering(screener, config, LIMITS, 30))


class Told(list[Answered]):
    """What was told of new answers."""

    def answered(self, answered: Answered) -> None:
        self.append(answered)


def note(ledger: Ledger, study: str, answering: Answering) -> list[Answered]:
    """Answer a study, note it, and return what was told of it."""
    told = Told()
    Noting(ledger, "m", [told]).note(answering.answer(ledger.films.of_study(study)))
    return told


def files(ledger: Ledger) -> tuple[list[Path], list[Path]]:
    """Return the files of films and those of results."""
    return list(ledger.films.folder.iterdir()), list(ledger.outbox.folder.iterdir())


def test_each_destination_gets_what_it_wants(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    every = ["structured_report", "secondary_capture", "segmentation"]
    study = accept(ledger, radiograph(), "pacs", "ris", "ehr")
    ris = {**PACS, "name": "ris", "results": ["structured_report"]}
    told = answer(ledger, screener, study, {**PACS, "results": every}, ris, EHR)

    assert [each.caller for each in told] == ["CR1"]
    assert sorted(each.kind for each in ledger.outbox.due("pacs", 9)) == sorted(every)
    assert [each.kind for each in ledger.outbox.due("ris", 9)] == ["structured_report"]
    (bundle,) = ledger.outbox.due("ehr", 9)
    found = Bundle.model_validate_json(bundle.path.read_bytes())
    assert found.type == "transaction"
    assert ledger.films.counts() == {("answered", ""): 1}


def test_a_study_is_on_the_worklist(
    ledger: Ledger, screener: Screener, radiograph: Radiograph, tmp_path: Path
) -> None:
    study = accept(ledger, radiograph("covid_19"))
    store = ResultsStore(tmp_path / "results.sqlite", hours=1)
    config = NodeConfig.model_validate({"destinations": (PACS,)})
    told = note(ledger, study, Answering(screener, config, LIMITS, 30, store))

    (entry,) = store.worklist.entries()
    assert (entry.study, entry.films) == (study, 1)
    assert entry.request_ids == (told[0].request_id,)
    assert len(entry.pictures) == 1


def test_the_best_frontal_film_comes_first(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    study = generate_uid()
    views = {"LL": "normal", "AP": "covid_19", "PA": "viral_pneumonia"}
    uids = {view: generate_uid() for view in views}
    for view, name in views.items():
        facts = {"ViewPosition": view, "SOPInstanceUID": uids[view], "StudyInstanceUID": study}
        accept(ledger, radiograph(name, **facts))
    answer(ledger, screener, study)

    (report,) = [each for each in ledger.outbox.due("pacs", 9) if each.kind == "structured_report"]
    references = [
        str(each.value)
        for each in dcmread(report.path).ContentSequence[-1].iterall()
        if each.keyword == "ReferencedSOPInstanceUID"
    ]
    in_order = list(dict.fromkeys(each for each in references if each in uids.values()))
    assert in_order == [uids["PA"], uids["AP"], uids["LL"]]
    assert "lateral radiograph" in said(dcmread(report.path))


def test_the_same_is_made_once(ledger: Ledger, screener: Screener, radiograph: Radiograph) -> None:
    study = accept(ledger, radiograph())
    answer(ledger, screener, study)
    before = {each.uid: each.path.read_bytes() for each in ledger.outbox.due("pacs", 9)}
    told = answer(ledger, screener, study)

    assert told == []
    assert {each.uid: each.path.read_bytes() for each in ledger.outbox.due("pacs", 9)} == before
    assert len(files(ledger)[1]) == len(before)


def test_a_film_is_known_until_another_model_answers(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    film = radiograph()
    uid = str(dcmread(BytesIO(film)).SOPInstanceUID)
    study = accept(ledger, film)
    assert ledger.films.knows(uid, "m")
    answer(ledger, screener, study)

    assert ledger.films.knows(uid, "m")
    assert not ledger.films.knows(uid, "another")
    accept(ledger, film)
    assert ledger.films.counts() == {("received", ""): 1}


def test_what_ends_the_process_each_time_is_given_up_and_can_be_tried_again(
    ledger: Ledger, radiograph: Radiograph
) -> None:
    study = accept(ledger, radiograph())
    for _ in range(MOST_TRIES):
        with ledger.films.due_study(0) as due:
            assert due == study
            with ledger.films.due_study(0) as other:
                assert other is None  # Nobody else is given it.
    with ledger.films.due_study(0):
        pass

    assert ledger.films.counts() == {("failed", "internal-error"): 1}
    assert ledger.resend([1]) == 0
    assert ledger.resend() == 1
    assert ledger.films.counts() == {("received", ""): 1}


def test_a_study_is_due_once_it_is_quiet(ledger: Ledger, radiograph: Radiograph) -> None:
    accept(ledger, radiograph())

    with ledger.films.due_study(60) as due:
        assert due is None
    with ledger.films.due_study(0) as due:
        assert due is not None


def test_files_go_once_they_are_acknowledged(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    study = accept(ledger, radiograph())
    answer(ledger, screener, study)
    films, results = files(ledger)
    assert films
    assert results
    ledger.drop(0)
    assert files(ledger) == (films, results)

    ledger.outbox.sent(ledger.outbox.due("pacs", 9))
    ledger.drop(None)
    assert files(ledger) == (films, [])
    ledger.drop(60)
    assert files(ledger) == (films, [])
    ledger.drop(0)
    assert files(ledger) == ([], [])


def test_what_is_acknowledged_is_forgotten_in_time(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    film = radiograph()
    study = accept(ledger, film)
    answer(ledger, screener, study)
    ledger.drop(0)
    ledger.forget(0)
    assert ledger.films.counts() == {("answered", ""): 1}, "A result is not acknowledged."

    results = ledger.outbox.due("pacs", 9)
    ledger.outbox.sent(results)
    ledger.forget(0)
    assert ledger.films.counts() == {("answered", ""): 1}, "The film is there."
    ledger.drop(0)
    ledger.forget(60)
    assert ledger.films.knows("1.2.3.4.5.8", "m")
    ledger.forget(0)
    assert (ledger.films.counts(), ledger.outbox.counts()) == ({}, {})

    # As a new one: the archive is sent the same instances, and keeps one of each.
    accept(ledger, film)
    answer(ledger, screener, study)
    assert {each.uid for each in ledger.outbox.due("pacs", 9)} == {each.uid for each in results}


def test_what_was_never_acknowledged_is_swept(ledger: Ledger, radiograph: Radiograph) -> None:
    accept(ledger, radiograph())
    (ledger.films.folder / "begun").write_bytes(b"x")
    (ledger.outbox.folder / "begun").write_bytes(b"x")
    ledger.sweep()

    films, results = files(ledger)
    assert len(films) == 1
    assert results == []


def test_each_result_leaves_on_one_lane_and_those_of_a_study_on_the_same(
    ledger: Ledger, screener: Screener, radiograph: Radiograph
) -> None:
    for _ in range(6):
        film = radiograph(StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())
        answer(ledger, screener, accept(ledger, film), PACS)
    every = ledger.outbox.due("pacs", 99)
    lanes = [ledger.outbox.due("pacs", 99, (number, 3)) for number in range(3)]

    assert len(every) == 12  # report and picture
    assert sorted(each.id for lane in lanes for each in lane) == [each.id for each in every]
    studies = [{dcmread(each.path).StudyInstanceUID for each in lane} for lane in lanes]
    assert sum(map(len, studies)) == len(set().union(*studies)) == 6
    assert all([each.id for each in lane] == sorted(each.id for each in lane) for lane in lanes)
