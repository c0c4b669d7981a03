"""A day's radiographs are pulled from Orthanc, and their results filed there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread
from tests.hospital.conftest import Radiograph
from tests.hospital.nodes import COVIDXRAY, free_port
from tests.waiting import wait_until

from covidxray_api.errors import ArchiveUnavailable
from covidxray_api.hospital.archive import Archive, Place

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Orthanc, and return the address of its DICOMweb service."""
    folder, port = tmp_path_factory.mktemp("orthanc"), free_port()
    options = {
        "DicomServerEnabled": False,
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "StorageDirectory": str(folder / "pacs"),
        "IndexDirectory": str(folder / "pacs"),
        "Plugins": [PLUGIN],
    }
    config = folder / "orthanc.json"
    config.write_text(json.dumps(options), encoding="utf-8")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["/usr/sbin/Orthanc", config], stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}/system"))
            yield f"http://127.0.0.1:{port}/dicom-web"
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def pull(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(COVIDXRAY), "pull", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.hospital
def test_results_appear_in_the_studies(orthanc: str, radiograph: Radiograph) -> None:
    web = DICOMwebClient(orthanc)
    sent = {
        "1.2.31": radiograph(StudyInstanceUID="1.2.31", SeriesInstanceUID="1.2.31.1"),
        "1.2.32": radiograph("normal", StudyInstanceUID="1.2.32", SeriesInstanceUID="1.2.32.1"),
        "1.2.33": radiograph(
            "not_a_radiograph", StudyInstanceUID="1.2.33", SeriesInstanceUID="1.2.33.1"
        ),
        "1.2.34": radiograph(
            SOPInstanceUID="1.2.34.1.1",
            StudyInstanceUID="1.2.34",
            SeriesInstanceUID="1.2.34.1",
            StudyDate="20260302",
        ),
        "1.2.35": radiograph(
            SOPInstanceUID="1.2.35.1.1",
            StudyInstanceUID="1.2.35",
            SeriesInstanceUID="1.2.35.1",
            BodyPartExamined="HAND",
        ),
    }
    web.store_instances([dcmread(BytesIO(film)) for film in sent.values()])
    done = pull(orthanc, "--day", "2026-03-01")
    assert done.returncode == 0, done.stderr
    assert "1 " in done.stdout
    filed = {}
    for study in sent:
        series = [Dataset.from_json(one) for one in web.search_for_series(study)]
        filed[study] = {one.Modality for one in series}
    assert filed["1.2.31"] >= {"CR", "OT", "SR"}
    assert filed["1.2.32"] >= {"CR", "OT", "SR"}
    assert filed["1.2.33"] == {"CR", "OT", "SR"}
    assert filed["1.2.34"] == filed["1.2.35"] == {"CR"}
    # Again: the same results are the same objects.
    before = len(web.search_for_instances())
    assert pull(orthanc, "--day", "2026-03-01").returncode == 0
    assert len(web.search_for_instances()) == before
    report = next(one for one in web.retrieve_study("1.2.31") if one.Modality == "SR")
    assert (report.PatientID, str(report.PatientName)) == ("HC-17", "Núñez^Ana")
    for identifying in ("1.2.31", "HC-17", "Ana"):
        assert identifying not in done.stdout + done.stderr


def test_an_archive_that_is_not_there_is_said() -> None:
    done = pull(f"http://127.0.0.1:{free_port()}/dicom-web")
    assert done.returncode == 1
    assert done.stderr.startswith("Archive unavailable: The archive does not answer: ConnectError.")


def test_what_an_archive_refuses_is_said(service: httpx.Client) -> None:
    with Archive(str(service.base_url), None, 1000) as archive:
        with pytest.raises(ArchiveUnavailable, match="status=404"):
            archive.retrieve(Place("1.2", "3", "4"))
        with pytest.raises(ArchiveUnavailable, match="refused"):
            archive.store([])
