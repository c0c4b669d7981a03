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


def test_every_other_image_is_validated_as_documented(service: httpx.Client) -> None:
    manifest = json.loads((shipped("reference") / "manifest.json").read_text())
    documented = manifest["metrics"]["falsely_accepted_by_kind"]
    accepted = defaultdict(list)
    with (DATA / "other_images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if ":" not in row["kind"]]
    for row in rows:
        answer = service.post("/validate", content=(DATA / row["file"]).read_bytes())
        assert answer.status_code == 200, row["file"]
        accepted[row["kind"]].append(not answer.json()["rejected"])
    measured = {kind: sum(values) / len(values) for kind, values in accepted.items()}
    assert measured == pytest.approx({kind: row["accepted"] for kind, row in documented.items()})


@pytest.mark.parametrize("folder", ["originals", "dicom"])
def test_every_original_gets_an_answer(service: httpx.Client, folder: str) -> None:
    for path in sorted((DATA / folder).iterdir()):
        answer = service.post("/predict", content=path.read_bytes())
        assert answer.status_code == 200, (path.name, answer.text)
        assert answer.json()["rejected"] == (answer.json()["probabilities"] is None)
