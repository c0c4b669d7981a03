"""QIDO-RS and WADO-RS, by dicomweb-client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import Dataset, dcmread
from tests.hospital.conftest import Screened

from covidxray_api.access.keys import Keys
from covidxray_api.errors import BodyTooLarge
from covidxray_api.hospital.archive import Archive, Place
from covidxray_api.hospital.native_xml import from_xml
from covidxray_api.hospital.results import results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.settings import Settings
from covidxray_api.texts import message

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

MADE = datetime.now(UTC)


@pytest.fixture(scope="module")
def client(
    serve: Serve, screened: Screened, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A service that keeps the results of two studies."""
    path = tmp_path_factory.mktemp("results") / "results.sqlite"
    store = ResultsStore(path, hours=24)
    for name, study, patient in (("covid_19", "1.2.4", "HC-1"), ("normal", "1.2.5", "HC-2")):
        film = screened(name, StudyInstanceUID=study, PatientID=patient)
        store.add([film], results([film], Context("en", name, MADE)), MADE, name)
    with serve(Settings(results=path)) as client:
        yield client


@pytest.fixture(scope="module")
def web(client: httpx.Client) -> DICOMwebClient:
    return DICOMwebClient(f"{client.base_url}/dicomweb")


def datasets(found: list[dict[str, dict]]) -> list[Dataset]:
    return [Dataset.from_json(one) for one in found]


def test_studies_are_found(web: DICOMwebClient) -> None:
    studies = datasets(web.search_for_studies())
    assert [one.StudyInstanceUID for one in studies] == ["1.2.4", "1.2.5"]
    first = studies[0]
    assert (first.PatientID, str(first.PatientName)) == ("HC-1", "Núñez^Ana")
    assert list(first.ModalitiesInStudy) == ["OT", "SEG", "SR"]
    assert (first.NumberOfStudyRelatedSeries, first.NumberOfStudyRelatedInstances) == (3, 3)
    assert first.RetrieveURL.endswith("/dicomweb/studies/1.2.4")
    assert "Modality" not in first


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"PatientID": "HC-2"}, ["1.2.5"]),
        ({"00100020": "HC-2"}, ["1.2.5"]),
        ({"PatientID": "HC-*"}, ["1.2.4", "1.2.5"]),
        ({"PatientName": "Núñez*"}, ["1.2.4", "1.2.5"]),
        ({"PatientName": "núñez*"}, []),
        ({"PatientName": "N??ez^Ana^^"}, ["1.2.4", "1.2.5"]),
        ({"PatientID": "HC-[12]"}, []),
        ({"StudyDate": "20260301"}, ["1.2.4", "1.2.5"]),
        ({"StudyDate": "20260201-20260401"}, ["1.2.4", "1.2.5"]),
        ({"StudyDate": "20260301-"}, ["1.2.4", "1.2.5"]),
        ({"StudyDate": "-20260228"}, []),
        ({"StudyDate": "20260302-20260303"}, []),
        ({"StudyTime": "1400-1405"}, ["1.2.4", "1.2.5"]),
        ({"StudyTime": "140501-"}, []),
        ({"StudyTime": "-14"}, ["1.2.4", "1.2.5"]),
        ({"StudyInstanceUID": "1.2.5,1.2.9"}, ["1.2.5"]),
        ({"StudyInstanceUID": "*"}, ["1.2.4", "1.2.5"]),
        ({"StudyInstanceUID": "1.2.4\\1.2.5"}, ["1.2.4", "1.2.5"]),
        ({"ReferringPhysicianName": "*"}, ["1.2.4", "1.2.5"]),
        ({"StudyID": "7", "AccessionNumber": "ACC-?"}, ["1.2.4", "1.2.5"]),
        ({"SeriesNumber": "9001"}, ["1.2.4", "1.2.5"]),
        ({"SeriesNumber": "1"}, []),
        ({"ModalitiesInStudy": "SR"}, ["1.2.4", "1.2.5"]),
        ({"StudyInstanceUID": "1.2.9"}, []),
    ],
)
def test_studies_are_found_by_attributes(
    web: DICOMwebClient, filters: dict[str, str], found: list[str]
) -> None:
    studies = datasets(web.search_for_studies(search_filters=filters))
    assert [one.StudyInstanceUID for one in studies] == found


def test_a_study_is_counted_whole_whatever_is_asked_of_it(web: DICOMwebClient) -> None:
    for asked in ("ModalitiesInStudy", "Modality"):
        first, _ = datasets(web.search_for_studies(search_filters={asked: "S?"}))
        assert list(first.ModalitiesInStudy) == ["OT", "SEG", "SR"]
        assert first.NumberOfStudyRelatedInstances == 3
    series = datasets(web.search_for_series("1.2.4", search_filters={"ModalitiesInStudy": "SR"}))
    assert len(series) == 3


def test_further_attributes_are_answered(client: httpx.Client) -> None:
    fields = "ManufacturerModelName,00181020,BurnedInAnnotation,RequestAttributesSequence.StudyID"
    asked = {"includefield": fields, "StudyInstanceUID": "1.2.4"}
    (study,) = client.get("/dicomweb/studies", params=asked).json()
    assert study["00081090"]["Value"] == ["multi-source 4"]
    assert study["00181020"]["vr"] == "LO"
    (plain,) = client.get("/dicomweb/studies", params={**asked, "includefield": "all"}).json()
    assert plain.items() <= study.items()


def test_what_is_not_done_is_warned_of(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.get("/dicomweb/studies", params={"fuzzymatching": "true"})
    assert "Only literal matching has been performed" in answer.headers["warning"]
    assert "warning" not in client.get("/dicomweb/studies", params={"limit": "1"}).headers
    monkeypatch.setattr("covidxray_api.hospital.search.MOST", 1)
    answer = client.get("/dicomweb/studies")
    assert "Additional results can be requested" in answer.headers["warning"]
    assert len(answer.json()) == 1


def test_matches_come_in_pages(web: DICOMwebClient) -> None:
    (only,) = datasets(web.search_for_studies(limit=1, offset=1))
    assert only.StudyInstanceUID == "1.2.5"


def test_series_and_instances_are_found(web: DICOMwebClient) -> None:
    series = datasets(web.search_for_series("1.2.4"))
    assert {one.Modality for one in series} == {"OT", "SEG", "SR"}
    assert all(one.NumberOfSeriesRelatedInstances == 1 for one in series)
    assert len(web.search_for_series()) >= 5
    instances = datasets(web.search_for_instances("1.2.4", search_filters={"Modality": "SR"}))
    (report,) = instances
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    (same,) = datasets(web.search_for_instances("1.2.4", report.SeriesInstanceUID))
    assert same == report


def test_another_parameter_is_refused_by_name(client: httpx.Client) -> None:
    for asked in (
        {"PatientWeight": "70"},
        {"limit": "many"},
        {"zzzzzzzz": "1"},
        {"includefield": "Weight"},
        {"StudyDate": "2026"},
        {"StudyTime": "-"},
        {"StudyInstanceUID": "1.2*"},
    ):
        answer = client.get("/dicomweb/studies", params=asked)
        assert answer.status_code == 400
        assert next(iter(asked)) in answer.json()["detail"]


def test_results_are_retrieved(web: DICOMwebClient) -> None:
    study = web.retrieve_study("1.2.4")
    assert {one.Modality for one in study} == {"OT", "SEG", "SR"}
    (report,) = [one for one in study if one.Modality == "SR"]
    place = ("1.2.4", report.SeriesInstanceUID, report.SOPInstanceUID)
    assert web.retrieve_instance(*place) == report
    (again,) = web.retrieve_series(*place[:2])
    assert again == report


def test_one_result_is_retrieved_alone(client: httpx.Client, web: DICOMwebClient) -> None:
    (found,) = datasets(web.search_for_instances("1.2.4", search_filters={"Modality": "SEG"}))
    place = found.RetrieveURL.partition("/dicomweb")[2]
    answer = client.get(f"/dicomweb{place}", headers={"Accept": "application/dicom"})
    assert answer.headers["content-type"] == "application/dicom"
    assert dcmread(BytesIO(answer.content)).SOPInstanceUID == found.SOPInstanceUID


def test_metadata_say_where_pixels_are(web: DICOMwebClient) -> None:
    found = web.retrieve_study_metadata("1.2.4")
    assert len(found) == 3
    for one in found:
        assert one["00100020"]["Value"] == ["HC-1"]
        if one["00080060"]["Value"] == ["SR"]:
            report = Dataset.from_json(one)
            continue
        place = [one[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
        # The client sends a Host without a port.
        url = one["7FE00010"]["BulkDataURI"].partition("/dicomweb")[2]
        (pixels,) = web.retrieve_bulkdata(f"{web.base_url}{url}")
        assert pixels == web.retrieve_instance(*place).PixelData
    assert report.ContentSequence
    place = ["1.2.4", report.SeriesInstanceUID, report.SOPInstanceUID]
    assert Dataset.from_json(web.retrieve_instance_metadata(*place)) == report


def test_metadata_are_xml_too(client: httpx.Client, web: DICOMwebClient) -> None:
    headers = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    answer = client.get("/dicomweb/studies/1.2.4/metadata", headers=headers)
    assert answer.headers["content-type"].startswith(
        'multipart/related; type="application/dicom+xml"'
    )
    documents = [part.partition(b"\r\n\r\n")[2] for part in answer.content.split(b"\r\n--")[:3]]
    found = {from_xml(each)["00080018"]["Value"][0] for each in documents}
    assert found == {one.SOPInstanceUID for one in web.retrieve_study("1.2.4")}


def test_frames_are_given(client: httpx.Client, web: DICOMwebClient) -> None:
    for one in web.retrieve_study("1.2.4"):
        place = (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID)
        url = "/dicomweb/studies/{}/series/{}/instances/{}/frames".format(*place)
        if one.Modality == "SR":
            assert client.get(f"{url}/1").status_code == 404
            continue
        (pixels,) = web.retrieve_instance_frames(*place, frame_numbers=[1])
        assert pixels == one.PixelData[: len(pixels)]
        assert len(one.PixelData) - len(pixels) <= 1
        headers = {"Accept": "application/octet-stream"}
        assert client.get(f"{url}/1", headers=headers).content == pixels
        assert client.get(f"{url}/1/rendered").headers["content-type"] == "image/png"
        assert client.get(f"{url}/1,2").status_code == 404
        assert client.get(f"{url}/first").status_code == 400


def test_all_pixels_and_pictures_of_a_study_are_given(client: httpx.Client) -> None:
    study = "/dicomweb/studies/1.2.4"
    bulk = client.get(f"{study}/bulkdata")
    assert bulk.content.count(b"Content-Location: http://") == 2
    shown = client.get(f"{study}/rendered")
    kinds = (b"image/png", b"text/html")
    assert [shown.content.count(b"Content-Type: " + kind) for kind in kinds] == [2, 1]
    (report,) = client.get(f"{study}/series", params={"Modality": "SR"}).json()
    series = report["00081190"]["Value"][0].partition("/dicomweb")[2]
    assert client.get(f"/dicomweb{series}/bulkdata").status_code == 404
    assert client.get(f"{study}/rendered", headers={"Accept": "image/png"}).status_code == 406


def test_results_are_shown(client: httpx.Client, web: DICOMwebClient) -> None:
    shown = {}
    for one in datasets(web.search_for_instances("1.2.4")):
        url = one.RetrieveURL.partition("/dicomweb")[2]
        answer = client.get(f"/dicomweb{url}/rendered")
        assert answer.status_code == 200
        shown[one.Modality] = answer
    assert shown["SR"].headers["content-type"].startswith("text/html")
    assert message("notice", "en") in shown["SR"].text
    assert "Pneumonia caused by SARS-CoV-2" in shown["SR"].text
    for modality in ("OT", "SEG"):
        assert shown[modality].headers["content-type"] == "image/png"
        picture = cv2.imdecode(np.frombuffer(shown[modality].content, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.max() > 200
    place = shown["OT"].url
    jpeg = client.get(place, headers={"Accept": "image/jpeg"})
    assert jpeg.content.startswith(b"\xff\xd8")
    assert client.get(place, headers={"Accept": "text/html"}).status_code == 406


def test_what_is_not_kept_is_not_found(client: httpx.Client) -> None:
    for path in ("", "/metadata", "/series/1.2", "/series/1.2/instances/3/rendered"):
        answer = client.get(f"/dicomweb/studies/1.2.99{path}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/unknown-result"
    assert client.get("/dicomweb/studies/Ana").status_code == 400


def test_results_need_a_scope(serve: Serve, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    sender = {"X-API-Key": keys.create("modality", ["predict"])}
    with serve(Settings(results=tmp_path / "r.sqlite", keys=tmp_path / "keys.json")) as client:
        for path in ("/studies", "/studies/1.2", "/instances", "/studies/1.2/metadata"):
            assert client.get(f"/dicomweb{path}").status_code == 401
            assert client.get(f"/dicomweb{path}", headers=sender).status_code == 403


def test_the_client_of_archives_reads_what_is_served(
    client: httpx.Client, web: DICOMwebClient
) -> None:
    (found,) = datasets(web.search_for_instances("1.2.4", search_filters={"Modality": "SR"}))
    place = Place("1.2.4", found.SeriesInstanceUID, found.SOPInstanceUID)
    url = f"{client.base_url}/dicomweb"
    with Archive(url, None, 1_000_000) as archive:
        assert dcmread(BytesIO(archive.retrieve(place))).SOPInstanceUID == found.SOPInstanceUID
        # Of films that are dropped there is none to pull.
        assert list(archive.radiographs(date(2026, 3, 1))) == []
    with Archive(url, None, 1000) as archive, pytest.raises(BodyTooLarge):
        archive.retrieve(place)
