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
        ({"StudyDate": "20260301"}, ["1.2.4", "1.2.5"]),
        ({"ModalitiesInStudy": "SR"}, ["1.2.4", "1.2.5"]),
        ({"StudyInstanceUID": "1.2.9"}, []),
    ],
)
def test_studies_are_found_by_attributes(
    web: DICOMwebClient, filters: dict[str, str], found: list[str]
) -> None:
    studies = datasets(web.search_for_studies(search_filters=filters))
    assert [one.StudyInstanceUID for one in studies] == found


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
    for asked in ({"PatientWeight": "70"}, {"limit": "many"}, {"zzzzzzzz": "1"}):
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


def test_metadata_have_no_pixels(web: DICOMwebClient) -> None:
    found = web.retrieve_study_metadata("1.2.4")
    assert len(found) == 3
    for one in found:
        assert one["00100020"]["Value"] == ["HC-1"]
        assert "7FE00010" not in one
    (report,) = [one for one in datasets(found) if one.Modality == "SR"]
    assert report.ContentSequence
    place = ("1.2.4", report.SeriesInstanceUID, report.SOPInstanceUID)
    assert Dataset.from_json(web.retrieve_instance_metadata(*place)) == report


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
