"""The node over sockets: what it takes, what it answers, what it sends."""

from __future__ import annotations

import io
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import UID, RLELossless, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import EncapsulatedPDFStorage, StorageCommitmentPushModel
from tests.dicom_files import dicom
from tests.hospital.nodes import (
    SUCCESS,
    Archive,
    Node,
    command,
    echo,
    free_port,
    reachable,
    running,
    said,
)
from tests.waiting import PATIENCE_S, wait_until

Radiograph = Callable[..., bytes]

NOT_AUTHORISED, CANNOT_UNDERSTAND = 0x0124, 0xC000


@pytest.fixture
def study(radiograph: Radiograph) -> Radiograph:
    """Write an example as a film of a study of its own, or of one that is given."""

    def written(name: str = "covid_19", **facts: Any) -> bytes:
        own = {"StudyInstanceUID": generate_uid(), "SOPInstanceUID": generate_uid()}
        return radiograph(name, **{**own, **facts})

    return written


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive().listening() as found:
        yield found


@pytest.fixture(scope="module")
def pacs() -> Iterator[Archive]:
    with Archive().listening() as found:
        yield found


@pytest.fixture(scope="module")
def reports() -> Iterator[tuple[int, list[tuple[int, Dataset]]]]:
    """A modality that takes reports of storage commitment: its port, and what it was told."""
    told: list[tuple[int, Dataset]] = []

    def note(event: evt.Event) -> tuple[int, None]:
        told.append((event.event_type, event.event_information))
        return SUCCESS, None

    ae = AE("KEEPS")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, note)]
    )
    yield server.server_address[1], told
    server.shutdown()


@pytest.fixture(scope="module")
def shared(
    pacs: Archive,
    reports: tuple[int, list[tuple[int, Dataset]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Node]:
    """A node with peers, rules and a second of quiet, which keeps its films."""
    titles = ("MODALITY", "IGNORED", "REFUSED", "VIEWS")
    peers = [{"ae_title": title, "host": "127.0.0.1"} for title in titles]
    with running(
        tmp_path_factory.mktemp("shared"),
        quiet_s=1.0,
        keep_films="always",
        metrics_port=(metrics := free_port()),
        peers=[
            *peers,
            {"ae_title": "ELSEWHERE", "host": "192.0.2.1"},
            {"ae_title": "KEEPS", "host": "127.0.0.1", "port": reports[0]},
        ],
        rules=[
            {"calling": ["REFUSED"], "action": "refuse"},
            {"calling": ["VIEWS"], "view": ["pa", ""], "body_part": ["CHEST"]},
            {"calling": ["MODALITY", "KEEPS"], "modality": ["CR"]},
        ],
        destinations=[pacs.destination()],
    ) as node:
        node.metrics = metrics  # type: ignore[attr-defined]
        yield node


def of(study: str, archive: Archive, number: int = 1) -> list[Dataset]:
    """Wait for the results of a study."""

    def found() -> list[Dataset]:
        every = [pydicom.dcmread(io.BytesIO(each)) for each in list(archive.stored)]
        return [each for each in every if study == each.StudyInstanceUID]

    return wait_until(lambda: them if len(them := found()) >= number else [])


def test_a_film_is_answered_in_its_study_and_dropped(
    study: Radiograph, archive: Archive, tmp_path: Path
) -> None:
    film = study(StudyInstanceUID="1.2.3.4.77")
    with running(tmp_path, destinations=[archive.destination()]) as node:
        assert echo(node.port)
        assert node.store(film) == [SUCCESS]
        (report,) = archive.results(1)
        assert (report.StudyInstanceUID, report.Modality) == ("1.2.3.4.77", "SR")
        wait_until(lambda: not list((tmp_path / "node" / "films").iterdir()))
        wait_until(lambda: not list((tmp_path / "node" / "results").iterdir()))
        assert node.status().stdout == "films\tanswered\t1\nresults\tpacs\tsent\t1\n"
        assert node.stop() == 0
    assert node.lines[-1]["event"] == "stopped"
    assert [line for line in node.lines if "1.2.3.4.77" in str(line) or "Ana" in str(line)] == []


def test_a_film_is_answered_as_by_predict(
    study: Radiograph, shared: Node, pacs: Archive, service: httpx.Client
) -> None:
    for name in ("covid_19", "normal", "viral_pneumonia", "not_a_radiograph"):
        uid = generate_uid()
        film = study(name, StudyInstanceUID=uid)
        assert shared.store(film) == [SUCCESS]
        predicted = service.post("/predict", files={"file": film}).json()
        (report,) = of(uid, pacs)

        shares = [float(each.value) for each in report.iterall() if each.keyword == "NumericValue"]
        assert shares == pytest.approx(list((predicted["probabilities"] or {}).values()), abs=1e-6)
        assert predicted["statement"] in said(report)
        assert predicted["notice"] in said(report)


def test_who_is_not_known_is_rejected(shared: Node) -> None:
    assert echo(shared.port)
    assert not echo(shared.port, calling="STRANGER")
    assert not echo(shared.port, called="OTHER")
    assert not echo(shared.port, calling="ELSEWHERE")


def test_rules_say_what_is_screened(study: Radiograph, shared: Node, pacs: Archive) -> None:
    uids = [generate_uid() for _ in range(6)]
    chest = {"BodyPartExamined": "CHEST", "Modality": "DX"}

    assert shared.store(study(), calling="REFUSED") == [NOT_AUTHORISED]
    assert shared.store(study(StudyInstanceUID=uids[0]), calling="IGNORED") == [SUCCESS]
    assert (
        shared.store(
            study(StudyInstanceUID=uids[1], ViewPosition="LL", **chest),
            study(StudyInstanceUID=uids[2], BodyPartExamined="HAND"),
            study(StudyInstanceUID=uids[3], ViewPosition="PA", **chest),
            study(StudyInstanceUID=uids[4], **chest),
            calling="VIEWS",
        )
        == [SUCCESS] * 4
    )
    assert shared.store(study(StudyInstanceUID=uids[5], Modality="DX")) == [SUCCESS]
    of(uids[3], pacs)
    of(uids[4], pacs)

    answered = {pydicom.dcmread(io.BytesIO(each)).StudyInstanceUID for each in pacs.stored}
    assert answered & set(uids) == {uids[3], uids[4]}


def test_films_of_a_study_are_answered_as_one(
    study: Radiograph, shared: Node, pacs: Archive
) -> None:
    uid, frontal = generate_uid(), generate_uid()
    lateral = study("normal", StudyInstanceUID=uid, ViewPosition="LL")
    shared.store(lateral, study(StudyInstanceUID=uid, ViewPosition="PA", SOPInstanceUID=frontal))
    (report,) = of(uid, pacs)
    read = report.ContentSequence

    references = [
        each.value for each in report.iterall() if each.keyword == "ReferencedSOPInstanceUID"
    ]
    assert references[0] == frontal or frontal in references
    assert "lateral radiograph" in said(report)
    assert read

    # A late one is answered with those that are kept, in another report.
    shared.store(study("normal", StudyInstanceUID=uid, ViewPosition="AP"))
    first, second = of(uid, pacs, 2)
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert len(said(second)) > len(said(first))


def test_a_film_that_comes_again_is_answered_once(
    study: Radiograph, shared: Node, pacs: Archive
) -> None:
    uid, other = generate_uid(), generate_uid()
    film = study(StudyInstanceUID=uid)
    assert shared.store(film, film) == [SUCCESS] * 2
    of(uid, pacs)
    assert shared.store(film) == [SUCCESS]
    assert shared.store(study(StudyInstanceUID=other)) == [SUCCESS]
    of(other, pacs)

    assert len(of(uid, pacs)) == 1


def test_a_compressed_film_is_taken_as_it_is(
    study: Radiograph, shared: Node, pacs: Archive
) -> None:
    uid = generate_uid()
    shared.store(study(StudyInstanceUID=uid, syntax=RLELossless))

    assert of(uid, pacs)


def test_what_is_no_image_is_not_accepted(shared: Node) -> None:
    ae = AE("MODALITY")
    ae.add_requested_context(EncapsulatedPDFStorage)

    association = ae.associate("127.0.0.1", shared.port, ae_title="COVIDXRAY")

    assert association.accepted_contexts == []
    association.abort()


def test_what_cannot_be_read_is_said_at_the_shell(shared: Node) -> None:
    blank = dicom(None, StudyInstanceUID="1.2.9", SOPInstanceUID="1.2.9.1")
    assert shared.store(blank) == [SUCCESS]

    wait_until(lambda: shared.films().get(("unreadable", "unreadable-image")) == 1)
    assert "films\tunreadable (unreadable-image)\t1" in shared.status().stdout


def commit(node: Node, instances: list[str], calling: str) -> int:
    """Ask a node whether it keeps films; return the status of its answer."""
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for instance in instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1")
        reference.ReferencedSOPInstanceUID = instance
        asked.ReferencedSOPSequence.append(reference)
    ae = AE(calling)
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate("127.0.0.1", node.port, ae_title="COVIDXRAY")
    status, _ = association.send_n_action(
        asked, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1"
    )
    association.release()
    return int(status.Status)


def test_what_is_kept_is_committed(
    study: Radiograph, shared: Node, reports: tuple[int, list[tuple[int, Dataset]]]
) -> None:
    kept, told = generate_uid(), reports[1]
    shared.store(study(SOPInstanceUID=kept), calling="KEEPS")

    assert commit(shared, [kept], "KEEPS") == SUCCESS
    wait_until(lambda: len(told) == 1)
    assert commit(shared, [kept, "1.2.3.99"], "KEEPS") == SUCCESS
    wait_until(lambda: len(told) == 2)

    (all_kept, first), (some_failed, second) = told
    assert (all_kept, some_failed) == (1, 2)
    assert [each.ReferencedSOPInstanceUID for each in first.ReferencedSOPSequence] == [kept]
    (missing,) = second.FailedSOPSequence
    assert (missing.ReferencedSOPInstanceUID, missing.FailureReason) == ("1.2.3.99", 0x0112)
    # Nobody knows where to report to.
    assert commit(shared, [kept], "MODALITY") == 0x0110


def test_metrics_count_what_comes_and_goes(study: Radiograph, shared: Node, pacs: Archive) -> None:
    uid = generate_uid()
    shared.store(study(StudyInstanceUID=uid))
    of(uid, pacs)
    address = f"http://127.0.0.1:{shared.metrics}/metrics"  # type: ignore[attr-defined]

    def look() -> bool:
        told = httpx.get(address).text
        return 'covidxray_node_sendings_total{destination="pacs",outcome="sent"}' in told

    wait_until(look)
    told = httpx.get(address).text
    assert 'covidxray_node_films_total{outcome="accepted"}' in told
    assert 'covidxray_decisions_total{certainty="conclusive",label="covid_19"' in told


def test_who_looks_whether_the_port_is_open_takes_no_place(shared: Node) -> None:
    for _ in range(40):
        assert reachable(shared.port)

    assert echo(shared.port)


def test_a_pdu_of_any_length_is_not_waited_for(shared: Node) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=PATIENCE_S) as peer:
        peer.sendall(b"\x01\x00" + (2**31).to_bytes(4, "big") + bytes(100))

        assert peer.recv(1) == b""
    assert echo(shared.port)


def test_what_ends_a_process_that_screens_ends_no_more(
    study: Radiograph, shared: Node, pacs: Archive
) -> None:
    def screeners() -> set[int]:
        listening = psutil.Process(shared.process.pid)
        every = set(listening.children(recursive=True)) - set(listening.children())
        return {each.pid for each in every}

    assert shared.port  # It has started.
    before, uid = screeners(), generate_uid()
    assert len(before) == 2
    os.kill(min(before), signal.SIGKILL)
    assert shared.store(study(StudyInstanceUID=uid)) == [SUCCESS]

    assert of(uid, pacs)
    # The others were ended with it, and none is left behind.
    wait_until(lambda: screeners().isdisjoint(before))


@pytest.mark.hospital
def test_a_film_that_is_too_large_ends_its_association(
    study: Radiograph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVIDXRAY_MAX_BODY_BYTES", "300000")
    with running(tmp_path) as node:
        noise = np.random.default_rng(0).integers(0, 4096, (500, 500)).astype(np.uint16)
        assert node.store(dicom(noise, StudyInstanceUID="1.2.4")) == [-1]
        assert node.store(study()) == [SUCCESS]


@pytest.mark.hospital
def test_results_wait_for_their_destination_whatever_ends_the_node(
    study: Radiograph, tmp_path: Path
) -> None:
    gone = Archive(port=free_port())
    config = {"destinations": [gone.destination()], "retry_most_s": 0.5}
    uid = generate_uid()
    with running(tmp_path, **config) as node:
        assert node.store(study(StudyInstanceUID=uid)) == [SUCCESS]
        node.kill()
    with running(tmp_path, **config) as node:
        wait_until(lambda: node.results().get(("pacs", "waiting")) == 1)
        wait_until(lambda: node.logged("result waits"))
        told = node.status()
        assert told.returncode == 0
        assert "no association" in told.stdout
        node.kill()
    with running(tmp_path, **config) as node, gone.listening(gone.port):
        (report,) = gone.results(1)
        wait_until(lambda: node.results() == {("pacs", "sent"): 1})

    assert report.StudyInstanceUID == uid


def test_what_a_destination_refuses_is_a_dead_letter_until_it_is_sent_again(
    study: Radiograph, archive: Archive, tmp_path: Path
) -> None:
    archive.answer = lambda: 0xA900
    with running(tmp_path, destinations=[archive.destination()]) as node:
        node.store(study())
        wait_until(lambda: node.results() == {("pacs", "dead"): 1})
        told = node.status()
        assert told.returncode == 1
        assert "structured_report to pacs" in told.stdout
        assert "status A900" in told.stdout
        archive.answer = lambda: SUCCESS

        assert command("resend", "7", "--config", str(node.config)).stdout == "0 wait again.\n"
        assert command("resend", "--config", str(node.config)).stdout == "1 wait again.\n"
        archive.results(1)
        wait_until(lambda: node.results() == {("pacs", "sent"): 1})
        assert node.status().returncode == 0


@pytest.mark.hospital
def test_a_stop_lets_the_association_end(study: Radiograph, tmp_path: Path) -> None:
    with running(tmp_path) as node:
        ae = AE("MODALITY")
        ae.add_requested_context("1.2.840.10008.5.1.4.1.1.1")
        association = ae.associate("127.0.0.1", node.port, ae_title="COVIDXRAY")
        node.process.terminate()
        wait_until(lambda: not reachable(node.port))
        film = pydicom.dcmread(io.BytesIO(study()))
        film.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"

        assert association.send_c_store(film).Status == SUCCESS
        association.release()
        assert node.process.wait() == 0
    with running(tmp_path) as node:
        wait_until(lambda: node.films() == {("answered", ""): 1})


@pytest.mark.hospital
def test_two_nodes_do_not_share_a_folder(tmp_path: Path) -> None:
    with running(tmp_path) as node:
        assert node.port
        refused = command("--config", str(node.config))

    assert refused.returncode == 1
    assert refused.stderr.startswith("Invalid configuration: Another node works in ")
