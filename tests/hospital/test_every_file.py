"""Every DICOM file at hand goes in by STOW-RS, and fares as it does by `/predict`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import data_store
import highdicom.sr as sr
import httpx
import pydicom
import pytest
from pydicom import Dataset
from pydicom.sr.codedict import codes
from tests.conftest import DATA
from tests.hospital.test_store import store

from covidxray_api.decoding import Limits
from covidxray_api.errors import RadiographError, UnreadableImage
from covidxray_api.hospital.image_reference import ImageReference
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

LIMITS = Limits(max_pixels=64_000_000, min_side=32)

pytestmark = pytest.mark.hospital


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / "results.sqlite"


@pytest.fixture(scope="module")
def client(serve: Serve, path: Path) -> Iterator[httpx.Client]:
    with serve(Settings(results=path)) as client:
        yield client


def has_no_place(data: bytes) -> bool:
    """Return whether a file lacks a UID, so that no result of it could be filed."""
    try:
        ImageReference.read(data, LIMITS)
    except UnreadableImage as error:
        return error.reason == "no_uid"
    except RadiographError:
        return False
    return False


def check(client: httpx.Client, kept: ResultsStore, file: Path) -> str:
    """Send a file by both doors, compare, and return how it fared."""
    data = file.read_bytes()
    said = client.post("/predict", content=data, headers={"Content-Type": "application/dicom"})
    stored = store(client, data)
    if stored.status_code == 409:
        (warning,) = stored.headers.get_list("warning")
        found = re.match(r'299 covidxray "part 0: ([a-z-]+):', warning)
        assert found
        if has_no_place(data):
            assert found[1] == "unreadable-image"
            return "no place"
        assert said.status_code >= 400, f"{file.name}: {warning}"
        assert said.json()["type"] == f"/problems/{found[1]}", file.name
        return "problem"
    assert stored.status_code == 200
    assert said.status_code == 200, file.name
    answer = said.json()
    (item,) = Dataset.from_json(stored.json()).ReferencedSOPSequence
    shares, finding = answered(kept, data, item.ReferencedSOPInstanceUID)
    if answer["rejected"]:
        assert (shares, finding) == ({}, "not_a_chest_radiograph")
        return "rejected"
    assert shares == pytest.approx(answer["probabilities"], abs=1e-6)
    return "answered"


def answered(kept: ResultsStore, data: bytes, instance: str) -> tuple[dict[str, float], str]:
    """Return the probabilities by label, and the finding, that the report of a film states."""
    shares: dict[str, float] = {}
    finding = ""
    for one in kept.find(modality="SR", study=ImageReference.read(data, LIMITS).study):
        report = sr.srread(BytesIO(kept.get(one.SOPInstanceUID))).content
        for group in report.get_planar_roi_measurement_groups():
            source = group.referenced_segmentation_frame.source_image_for_segmentation
            if source.referenced_sop_instance_uid == instance:
                shares[group.tracking_identifier] = probability(group)
        for group in report.get_image_measurement_groups():
            if group.source_images[0].referenced_sop_instance_uid != instance:
                continue
            if group.tracking_identifier == "answer":
                finding = group.finding_type.value
            else:
                shares[group.tracking_identifier] = probability(group)
    return shares, finding


def probability(group: sr.MeasurementsAndQualitativeEvaluations) -> float:
    (measured,) = group.get_measurements(name=codes.DCM.Probability)
    return float(measured.value)


@pytest.mark.data
def test_the_development_files_fare_alike(client: httpx.Client, path: Path) -> None:
    files = sorted((DATA / "dicom").glob("*.dcm"))
    fared = [check(client, ResultsStore(path, 24), file) for file in files]
    assert len(fared) >= 20
    assert {"rejected", "problem"} & set(fared)


def test_the_files_of_pydicom_fare_alike(client: httpx.Client, path: Path) -> None:
    roots = (Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent)
    files = sorted(file for root in roots for file in root.rglob("*.dcm"))
    fared = [check(client, ResultsStore(path, 24), file) for file in files]
    assert len(fared) > 50
    assert {"rejected", "problem", "no place"} <= set(fared)
