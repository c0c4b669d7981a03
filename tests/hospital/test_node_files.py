"""Every file that there is goes in by the node: the answer of `/predict`, or its reason."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.data import get_testdata_files
from pydicom.uid import UID, generate_uid
from pynetdicom import AE
from tests.conftest import DATA
from tests.hospital.conftest import LIMITS
from tests.hospital.nodes import SUCCESS, Archive, Node, running, said
from tests.waiting import wait_until

from covidxray_api.decoding.formats import TRANSFER_SYNTAXES
from covidxray_api.errors import UnreadableImage
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.node.classes import IMAGE_CLASSES

pytestmark = pytest.mark.hospital


def sendable(path: str | Path) -> bytes | None:
    """Return a file as a modality can send it, of a study of its own; none if none could."""
    try:
        found = dcmread(path)
        found.SOPInstanceUID, found.StudyInstanceUID = generate_uid(), generate_uid()
        if not found.get("SeriesInstanceUID"):
            found.SeriesInstanceUID = generate_uid()
        found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
        written = io.BytesIO()
        dcmwrite(written, found, enforce_file_format=True)
    except Exception:
        return None  # What no library can write, no modality can send.
    syntax = found.file_meta.TransferSyntaxUID
    accepted = found.get("SOPClassUID") in IMAGE_CLASSES and syntax in TRANSFER_SYNTAXES
    return written.getvalue() if accepted else None


def stored(port: int, film: bytes) -> int | None:
    """Send a file as its bytes are; return the status, or none where pynetdicom cannot send it."""
    dataset = dcmread(io.BytesIO(film))
    ae = AE("MODALITY")
    ae.add_requested_context(dataset.SOPClassUID, UID(dataset.file_meta.TransferSyntaxUID))
    association = ae.associate("127.0.0.1", port, ae_title="COVIDXRAY")
    try:
        return int(association.send_c_store(dataset).Status)
    except ValueError:
        return None
    finally:
        association.release()


def check_same(film: bytes, predicted: httpx.Response, node: Node, archive: Archive) -> None:
    """Check that the node says of a film what `/predict` said of it."""
    study = dcmread(io.BytesIO(film), stop_before_pixels=True).StudyInstanceUID
    before = node.films()
    known = len(archive.stored)
    if stored(node.port, film) is None:
        return
    if predicted.status_code != httpx.codes.OK:
        problem = predicted.json()["type"].rpartition("/")[2]
        wait_until(lambda: sum(node.films().values()) > sum(before.values()))
        wait_until(lambda: ("received", "") not in node.films())
        kind = ("unreadable", problem)
        assert node.films().get(kind, 0) == before.get(kind, 0) + 1
        return
    wait_until(lambda: node.films() != before and all_read(node))
    if not in_a_study(film):
        kind = ("unreadable", "unreadable-image")
        assert node.films().get(kind, 0) == before.get(kind, 0) + 1
        return
    sent = map(read, archive.stored[known:])
    (report,) = [each for each in sent if each.StudyInstanceUID == study]
    shares = [float(each.value) for each in report.iterall() if each.keyword == "NumericValue"]
    expected = predicted.json()["probabilities"] or {}
    assert shares == pytest.approx(list(expected.values()), abs=1e-6)
    assert predicted.json()["statement"] in said(report)


def in_a_study(film: bytes) -> bool:
    """Return whether a film has the UIDs by which its results can be filed."""
    try:
        ImageReference.read(film, LIMITS)
    except UnreadableImage:
        return False
    return True


def all_read(node: Node) -> bool:
    return ("received", "") not in node.films() and ("pacs", "waiting") not in node.results()


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
@pytest.mark.parametrize("folder", [pytest.param("development", marks=pytest.mark.data), "pydicom"])
def test_every_file_is_answered_as_by_predict(
    folder: str, service: httpx.Client, tmp_path: Path
) -> None:
    paths = (
        sorted((DATA / "dicom").glob("*.dcm"))
        if folder == "development"
        else sorted(path for path in get_testdata_files("*.dcm"))
    )
    films = [film for path in paths if (film := sendable(path))]
    assert len(films) > 20

    with Archive().listening() as archive:
        config = {"destinations": [archive.destination()], "otherwise": "screen", "rules": []}
        with running(tmp_path, **config) as node:
            for film in films:
                predicted = service.post("/predict", files={"file": film})
                check_same(film, predicted, node, archive)
            assert node.store(films[0]) == [SUCCESS]
