"""STOW-RS of metadata and bulk data in parts of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from pydicom import Dataset, dcmread
from tests.hospital.conftest import Radiograph

from covidxray_api.hospital.native_xml import to_xml
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]
Bulk = tuple[str, str, bytes]
"""Location, media type and data of a part."""

JSON, XML = "application/dicom+json", "application/dicom+xml"
OCTETS = "application/octet-stream"


@pytest.fixture(scope="module")
def client(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("results") / "results.sqlite"
    with serve(Settings(results=path)) as client:
        yield client


def apart(film: bytes, location: str) -> tuple[dict[str, Any], bytes]:
    """Return the metadata of a film, in which its pixels have a location, and the pixels."""
    dataset = dcmread(BytesIO(film))
    model = dataset.to_json_dict(
        bulk_data_threshold=64, bulk_data_element_handler=lambda _: location
    )
    return model, dataset.PixelData


def store(
    client: httpx.Client, kind: str, metadata: Sequence[bytes], *bulk: Bulk
) -> httpx.Response:
    parts = [f"Content-Type: {kind}\r\n\r\n".encode() + each for each in metadata]
    parts += [
        f"Content-Type: {media_type}\r\nContent-Location: {location}\r\n\r\n".encode() + data
        for location, media_type, data in bulk
    ]
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    content_type = f'multipart/related; type="{kind}"; boundary=b'
    headers = {"Content-Type": content_type, "Accept": JSON}
    return client.post("/dicomweb/studies", content=body, headers=headers)


def probabilities(client: httpx.Client, study: str) -> list[float]:
    """Return what the report of a study measures."""
    asked = {"StudyInstanceUID": study, "Modality": "SR"}
    (found,) = client.get("/dicomweb/instances", params=asked).json()
    url = found["00081190"]["Value"][0].partition("/dicomweb")[2]
    data = client.get(f"/dicomweb{url}", headers={"Accept": "application/dicom"}).content
    return [
        float(each.value)
        for each in dcmread(BytesIO(data)).iterall()
        if each.keyword == "FloatingPointValue"
    ]


@pytest.mark.parametrize("kind", [JSON, XML])
def test_films_apart_are_answered_as_whole_ones(
    client: httpx.Client, radiograph: Radiograph, kind: str
) -> None:
    studies = [f"1.2.{len(kind)}.{number}" for number in (1, 2)]
    films = [
        radiograph(name, StudyInstanceUID=study)
        for name, study in zip(("covid_19", "normal"), studies, strict=True)
    ]
    found = [apart(film, f"bulk/{number}") for number, film in enumerate(films)]
    models = [model for model, _ in found]
    metadata = [json.dumps(models).encode()] if kind == JSON else [to_xml(each) for each in models]
    bulk = [(f"bulk/{number}", OCTETS, pixels) for number, (_, pixels) in enumerate(found)]
    answer = store(client, kind, metadata, *bulk)

    assert answer.status_code == 200, answer.text
    done = Dataset.from_json(answer.json()).ReferencedSOPSequence
    assert [item.ReferencedSOPInstanceUID for item in done] == ["1.2.3.4.5.8", "1.2.3.4.5.6"]
    for film, study in zip(films, studies, strict=True):
        asked = client.post("/predict", files={"file": film}).json()["probabilities"]
        assert probabilities(client, study) == pytest.approx(list(asked.values()), abs=1e-4)


def test_compressed_pixels_are_taken(client: httpx.Client, radiograph: Radiograph) -> None:
    film = radiograph(StudyInstanceUID="1.2.40")
    model, _ = apart(film, "x")
    _, jpeg = cv2.imencode(".jpg", dcmread(BytesIO(film)).pixel_array)
    media_type = "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50"
    answer = store(client, JSON, [json.dumps([model]).encode()], ("x", media_type, jpeg.tobytes()))

    assert answer.status_code == 200, answer.headers
    assert len(probabilities(client, "1.2.40")) == 3


@pytest.mark.parametrize(
    ("bulk", "said"),
    [
        ((), "no part has"),
        ((("y", OCTETS, b"1234"),), "no part has"),
        ((("x", "video/mp4", b"1234"),), "'video/mp4'"),
        ((("x", "image/jpeg; transfer-syntax=1.2.3", b"1234"),), "'1.2.3'"),
        ((("x", OCTETS, b"1234"),), "truncated"),
    ],
)
def test_bulk_data_that_do_not_do_are_said(
    client: httpx.Client, radiograph: Radiograph, bulk: Sequence[Bulk], said: str
) -> None:
    model, _ = apart(radiograph(StudyInstanceUID="1.2.41"), "x")
    answer = store(client, JSON, [json.dumps([model]).encode()], *bulk)

    assert answer.status_code == 409
    assert said in answer.headers["warning"]


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [(JSON, b"{"), (JSON, b"[1]"), (JSON, b"[" * 100_000), (XML, b"<html/>"), (JSON, b"null")],
)
def test_metadata_that_cannot_be_read_are_said(
    client: httpx.Client, kind: str, metadata: bytes
) -> None:
    answer = store(client, kind, [metadata])

    assert answer.status_code == 400
    assert "metadata" in answer.json()["detail"]


def test_no_instances_at_all_are_refused(client: httpx.Client) -> None:
    assert store(client, JSON, [b"[]"]).status_code == 400


@pytest.mark.parametrize("model", [{}, {"00080018": 5}, {"00080018": {"vr": "UI", "Value": 5}}])
def test_metadata_of_no_instance_fail(client: httpx.Client, model: dict[str, Any]) -> None:
    answer = store(client, JSON, [json.dumps([model]).encode()])

    assert answer.status_code == 409
    assert len(Dataset.from_json(answer.json()).OtherFailuresSequence) == 1


def test_bulk_data_without_a_location_are_refused(client: httpx.Client) -> None:
    body = (
        f"--b\r\nContent-Type: {JSON}\r\n\r\n[{{}}]\r\n"
        f"--b\r\nContent-Type: {OCTETS}\r\n\r\nx\r\n--b--\r\n"
    )
    headers = {"Content-Type": f'multipart/related; type="{JSON}"; boundary=b'}
    answer = client.post("/dicomweb/studies", content=body, headers=headers)
    assert answer.status_code == 415
    assert OCTETS in answer.json()["detail"]


def test_too_many_instances_are_refused(serve: Serve, tmp_path: Path) -> None:
    with serve(Settings(results=tmp_path / "r.sqlite", batch_max_files=1)) as client:
        answer = store(client, JSON, [b"[{}, {}]"])
    assert answer.status_code == 400
