"""From a folder of drawn radiographs to a gate in service, by the commands."""

import json
import shutil
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from covidxray_api.consistency import Gate
from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.settings import shipped
from covidxray_api.training.gate.network import fit_gate
from covidxray_api.training.workflows import gate as commands

pytestmark = [
    pytest.mark.timeout(900),  # networks are trained; a busy machine takes minutes
    pytest.mark.usefixtures("eagerly"),
]

KINDS = ("natural_photo", "lateral_chest_xray", "knee_xray")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten pictures of each of three kinds, and a DICOM file that cannot be decoded."""
    folder = tmp_path_factory.mktemp("others")
    rng = np.random.default_rng(0)
    rows = ["file,kind"]
    for number in range(10):
        noise = rng.integers(0, 256, (64, 80)).astype(np.uint8)
        cv2.imwrite(str(folder / f"noise{number}.png"), noise)
        page = np.full((80, 64), 250, dtype=np.uint8)
        cv2.putText(page, str(number), (10, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 3)
        cv2.imwrite(str(folder / f"page{number}.png"), page)
        cv2.imwrite(str(folder / f"knee{number}.png"), 255 - cv2.blur(page, (9, 9)))
        rows += [
            f"noise{number}.png,natural_photo",
            f"page{number}.png,lateral_chest_xray",
            f"knee{number}.png,knee_xray",
        ]
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (folder / "other_images.csv").write_text("\n".join([*rows, "broken.dcm,dicom:CT"]) + "\n")
    return folder


def test_a_gate_is_trained_stored_and_measured(
    indexed_folder: Path, others: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = tmp_path / "reference"
    shutil.copytree(shipped("reference"), reference, ignore=shutil.ignore_patterns("gate"))
    with pytest.raises(CorruptArtefact, match="no_gate"):
        Gate.load(reference, OnnxEngine)
    short = partial(fit_gate, batches=2, batch_size=16, measured=64)
    monkeypatch.setattr(commands, "fit_gate", short)
    manifest = commands.run_gate_training(indexed_folder, others, reference, 1, 1)
    assert manifest.version == "1"
    assert manifest.training["other_images"] == dict.fromkeys(KINDS, 10)
    assert set(manifest.files) == {"model.onnx"}
    assert set(manifest.training_files) == {"model.keras", "trials.npz"}
    assert Gate.load(reference, OnnxEngine).manifest == manifest

    output = tmp_path / "docs"
    commands.run_gate_evaluation(indexed_folder, others, reference, output)
    report = json.loads((output / "evaluation" / "gate.json").read_text())
    assert "scores" not in report
    assert set(report["kinds"]) == set(KINDS)
    assert report["kinds"]["natural_photo"]["left_out"]["accepted"]["n"] == 10
    assert report["films"]["served"]["n"] == 12
    assert report["dicom"] == {"broken.dcm": {"accepted": False, "findings": ["not decoded"]}}
    page = (output / "gate.md").read_text()
    assert "natural_photo (far)" in page
    assert "| broken.dcm | refused | not decoded |" in page
    assert (output / "evaluation" / "gate.png").stat().st_size > 10_000
    card = (reference / "gate" / "1" / "MODEL_CARD.md").read_text()
    assert "It was trained on 10 lateral radiographs." in card
    evidence = json.loads((reference / "gate" / "1" / "evidence.json").read_text())
    assert evidence["films"] == report["films"]
