"""STOW-RS, by dicomweb-client and by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread
from tests.dicom_files import dicom
from tests.hospital.conftest import Radiograph

from covidxray_api.access.keys import Keys
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

BOUNDARY = "covidxray-boundary"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / "results.sqlite"


@pytest.fixture(scope="module")
def client(serve: Serve, path: Path) -> Iterator[httpx.Client]:
    with serve(Settings(results=path)) as client:
        yield client


def body(*parts: bytes, kind: str = "application/dicom") -> bytes:
    """Return instances as `multipart/related`."""
    head = f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def store(
    client: httpx.Client, *parts: bytes, study: str = "", accept: str = "application/dicom+json"
) -> httpx.Response:
    headers = {"Content-Type": RELATED, "Accept": accept}
    return client.post(f"/dicomweb/studies{study}", content=body(*parts), headers=headers)


def test_dicomweb_client_stores_films(
    client: httpx.Client, path: Path, radiograph: Radiograph
) -> None:
    films = [
        dcmread(BytesIO(radiograph(name, StudyInstanceUID="1.2.7")))
        for name in ("covid_19", "normal")
    ]
    web = DICOMwebClient(f"{client.base_url}/dicomweb")
    answer = web.store_instances(films, study_instance_uid="1.2.7")
    # The client sends a Host without a port.
    assert answer.RetrieveURL == "http://127.0.0.1/dicomweb/studies/1.2.7"
    stored = [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence]
    assert stored == [film.SOPInstanceUID for film in films]
    assert "FailedSOPSequence" not in answer
    kept = ResultsStore(path, 24)
    assert len(kept.find(study="1.2.7", modality="SR")) == 2
    (entry,) = [entry for entry in kept.worklist.entries() if entry.study == "1.2.7"]
    assert (entry.films, entry.priority.code) == (2, "certain_covid_19")


@pytest.mark.parametrize("accept", ["application/dicom+json", "application/dicom+xml"])
def test_one_instance_never_costs_another_its_answer(
    client: httpx.Client, radiograph: Radiograph, accept: str
) -> None:
    whole = radiograph("normal", StudyInstanceUID="1.2.8")
    cut = radiograph(StudyInstanceUID="1.2.8")[:-100_000]
    answer = store(client, cut, b"no DICOM", whole, accept=accept)
    assert answer.status_code == 202
    assert answer.headers["content-type"] == accept
    if accept.endswith("xml"):
        found = ElementTree.fromstring(answer.content)  # noqa: S314 - of our own
        (done,) = found.findall("DicomAttribute[@keyword='ReferencedSOPSequence']/Item")
        (value,) = done.findall("DicomAttribute[@keyword='ReferencedSOPInstanceUID']/Value")
        assert value.text == "1.2.3.4.5.6"
        (reason,) = found.findall("DicomAttribute[@keyword='FailedSOPSequence']/Item")[0].findall(
            "DicomAttribute[@keyword='FailureReason']/Value"
        )
        assert reason.text == str(0xC000)
        return
    response = Dataset.from_json(answer.json())
    assert [it.ReferencedSOPInstanceUID for it in response.ReferencedSOPSequence] == ["1.2.3.4.5.6"]
    (failed,) = response.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.2.3.4.5.8", 0xC000)
    (unknown,) = response.OtherFailuresSequence
    assert unknown.FailureReason == 0xC000
    first, second = answer.headers.get_list("warning")
    assert first.startswith('299 covidxray "part 0: unreadable-image: ')
    assert second.startswith('299 covidxray "part 1: unreadable-image: ')


def test_a_film_of_another_study_is_refused(client: httpx.Client, radiograph: Radiograph) -> None:
    answer = store(client, radiograph(StudyInstanceUID="1.2.9"), study="/1.2.10")
    assert answer.status_code == 409
    (failed,) = Dataset.from_json(answer.json()).FailedSOPSequence
    assert failed.FailureReason == 0xA900


def test_what_is_no_chest_radiograph_is_answered(
    client: httpx.Client, path: Path, radiograph: Radiograph
) -> None:
    answer = store(client, radiograph("not_a_radiograph", StudyInstanceUID="1.2.11"))
    assert answer.status_code == 200
    kept = ResultsStore(path, 24)
    (report,) = kept.find(study="1.2.11", modality="SR")
    assert b"not_a_chest_radiograph" in kept.get(report.SOPInstanceUID)


@pytest.mark.parametrize(
    ("content_type", "sent", "status", "said"),
    [
        ("application/dicom", b"x", 415, "'application/dicom' is not read here"),
        (f"multipart/form-data; boundary={BOUNDARY}", body(b"x"), 415, "multipart/form-data"),
        (RELATED.replace("dicom", "json"), body(b"x", kind=""), 415, "application/json"),
        (RELATED, body(b"[]", kind="application/dicom+json"), 415, "application/dicom+json"),
        (RELATED.replace("boundary", "bound"), body(b"x"), 400, "boundary"),
        (RELATED, body(), 400, ""),
        (RELATED, body(b"x")[:-20], 400, "end"),
        ("", body(b"x"), 415, "multipart/related"),
    ],
)
def test_other_bodies_are_refused_by_name(
    client: httpx.Client, content_type: str, sent: bytes, status: int, said: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post("/dicomweb/studies", content=sent, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_too_many_or_too_large_are_refused(
    serve: Serve, tmp_path: Path, radiograph: Radiograph
) -> None:
    settings = Settings(results=tmp_path / "r.sqlite", batch_max_files=1, batch_max_bytes=2_000_000)
    with serve(settings) as client:
        assert store(client, radiograph(), radiograph()).status_code == 400
        assert store(client, bytes(2_000_001)).status_code == 413
        assert store(client, radiograph()).status_code == 200


def test_who_may_not_call_or_be_kept_is_told_first(
    serve: Serve, tmp_path: Path, service: httpx.Client
) -> None:
    assert store(service, b"x").json()["type"] == "/problems/results-unavailable"
    keys = Keys(tmp_path / "keys.json")
    reader = {"X-API-Key": keys.create("reader", ["results"])}
    with serve(Settings(results=tmp_path / "r.sqlite", keys=tmp_path / "keys.json")) as client:
        assert store(client, b"x").status_code == 401
        client.headers = httpx.Headers(reader)
        assert store(client, b"x").status_code == 403


def test_a_disk_that_fails_is_told_before_the_upload(serve: Serve, tmp_path: Path) -> None:
    with serve(Settings(results=tmp_path)) as client:
        answer = store(client, b"x")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/results-unavailable"


def test_a_disk_that_fails_later_fails_the_instance(
    serve: Serve, tmp_path: Path, radiograph: Radiograph
) -> None:
    path = tmp_path / "results.sqlite"
    with serve(Settings(results=path)) as client:
        assert store(client, radiograph()).status_code == 200
        path.unlink()
        answer = store(client, radiograph())
    assert answer.status_code == 409
    (failed,) = Dataset.from_json(answer.json()).FailedSOPSequence
    assert failed.FailureReason == 0xA700


def test_no_name_is_logged(
    serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str], radiograph: Radiograph
) -> None:
    # A service of its own: what it logs is written when it has ended.
    with serve(Settings(results=tmp_path / "results.sqlite")) as client:
        store(client, radiograph(StudyInstanceUID="1.2.12"), radiograph()[:-9], dicom(None))
    written = capfd.readouterr()
    for identifying in ("Ana", "HC-17", "ACC-1", "1.2.12"):
        assert identifying not in written.out + written.err


def test_a_name_that_is_odd_is_not_told(
    serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str], radiograph: Radiograph
) -> None:
    with serve(Settings(results=tmp_path / "results.sqlite")) as client:
        answer = store(client, radiograph(StudyInstanceUID="1.2.13", PatientName="Anonymousname"))
    assert answer.status_code == 200
    written = capfd.readouterr()
    assert "Anonymousname" not in written.out + written.err
