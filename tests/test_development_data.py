"""What the documentation says of the development data, measured again through the service."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from covidxray_api.settings import shipped

DATA = Path(__file__).parents[2] / "shared" / "data"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the development data"),
]


def accepted_by_kind(service: httpx.Client, gate: str) -> dict[str, float]:
    accepted = defaultdict(list)
    with (DATA / "other_images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if ":" not in row["kind"]]
    for row in rows:
        content = (DATA / row["file"]).read_bytes()
        answer = service.post("/validate", params={"gate": gate}, content=content)
        assert answer.status_code == 200, row["file"]
        accepted[row["kind"]].append(not answer.json()["rejected"])
    return {kind: sum(values) / len(values) for kind, values in accepted.items()}


def test_similarity_accepts_what_is_documented(service: httpx.Client) -> None:
    manifest = json.loads((shipped("reference") / "manifest.json").read_text())
    documented = manifest["metrics"]["falsely_accepted_by_kind"]
    assert accepted_by_kind(service, "ssim") == pytest.approx(
        {kind: row["accepted"] for kind, row in documented.items()}
    )


def test_the_gate_accepts_what_is_documented(service: httpx.Client) -> None:
    report = Path(__file__).parents[1] / "docs" / "evaluation" / "gate.json"
    kinds = json.loads(report.read_text())["kinds"]
    assert accepted_by_kind(service, "learned") == pytest.approx(
        {kind: row["served"]["accepted"]["value"] for kind, row in kinds.items()}
    )


CHEST = {
    "CR_000_CR-MONO1-10-chest.dcm",
    "CR_wg04_RG1_J2KI.dcm",
    "CR_003_1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm",
}
"""The DICOM files that are frontal chest radiographs of a person."""


def test_every_dicom_file_but_chest_films_is_refused(service: httpx.Client) -> None:
    accepted = set()
    for path in (DATA / "dicom").iterdir():
        if not service.post("/validate", content=path.read_bytes()).json()["rejected"]:
            accepted.add(path.name)
    assert accepted == CHEST


@pytest.mark.parametrize("folder", ["originals", "dicom"])
def test_every_original_gets_an_answer(service: httpx.Client, folder: str) -> None:
    for path in sorted((DATA / folder).iterdir()):
        answer = service.post("/predict", content=path.read_bytes())
        assert answer.status_code == 200, (path.name, answer.text)
        assert answer.json()["rejected"] == (answer.json()["probabilities"] is None)
