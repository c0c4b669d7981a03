"""From radiographs with drawn lungs to a lung finder in service, by the command."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.drawn import draw_folder
from tests.varied import vary
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.errors import DatasetError
from covidxray_api.inference.onnx import OnnxEngine
from covidxray_api.lungs import LungFinder
from covidxray_api.training.data.dataset import read_dataset
from covidxray_api.training.data.lung_masks import origins, read_lung_masks
from covidxray_api.training.data.sources import DATA_SETS
from covidxray_api.training.evaluation.lungs import Statements, how_often_right
from covidxray_api.training.fitting import lungs as fitting

EACH = 12
"""Radiographs of each of two hospitals."""


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Path:
    """Radiographs on which maps pass their test, with lungs roughly drawn."""
    folder = tmp_path_factory.mktemp("drawn") / "masks"
    vary(examples / "viral_pneumonia.png", folder, 2 * EACH)
    mask = np.zeros((224, 224), np.uint8)
    for centre in (72, 152):
        cv2.ellipse(mask, (centre, 110), (34, 75), 0, 0, 360, 255, -1)
    for image in sorted(folder.glob("*.png")):
        pixels = cv2.imread(str(image))
        assert pixels is not None
        cv2.imwrite(str(image.with_suffix(".jpg")), pixels)
        image.unlink()
        cv2.imwrite(str(folder / f"{image.stem}_mask.png"), mask)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, masks: Path) -> Path:
    """The same radiographs, of which hospital and patient are known."""
    folder = tmp_path_factory.mktemp("known")
    shutil.copytree(masks, folder / "images", ignore=shutil.ignore_patterns("*_mask.png"))
    rows = ["file,label,source,group,seed_paper_subset,findings"]
    for number, image in enumerate(sorted((folder / "images").iterdir())):
        source = ("guangzhou", "openist")[number % 2]
        rows.append(f"{image.name},viral_pneumonia,{source},{number},0,")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder


def train(data: Path, masks: Path, made: Path) -> list[str]:
    return (
        f"lungs train --data {data} --masks {masks} --reference {made}/reference"
        f" --output {made}/docs --epochs 1"
    ).split()


@pytest.mark.usefixtures("eagerly")
def test_a_lung_finder_is_trained_judged_and_stored(
    data: Path, masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "STEPS", 1)
    monkeypatch.setattr(fitting, "BATCH", 4)

    done = CliRunner().invoke(app, train(data, masks, tmp_path))

    assert done.exit_code == 0, done.output
    finder = LungFinder.load(tmp_path / "reference", OnnxEngine)
    assert finder
    manifest = finder.manifest
    assert (manifest.version, set(manifest.files)) == ("1", {"model.onnx"})
    assert set(manifest.training_files) == {"model.keras"}
    assert finder.find(np.zeros((80, 60), np.uint8)).shape == manifest.input_size
    report = json.loads((tmp_path / "docs" / "evaluation" / "lungs.json").read_text())
    assert report["hospitals"] == {"guangzhou": ["guangzhou"], "openist and wingspan": ["openist"]}
    assert report["sources"]["all"]["always"]["n"] <= 2 * EACH
    assert report["least_certainty"] == manifest.least_certainty
    page = (tmp_path / "docs" / "lungs.md").read_text()
    assert "| openist |" in page


def test_lungs_of_one_hospital_cannot_be_judged(masks: Path, tmp_path: Path) -> None:
    (tmp_path / "known").mkdir()

    done = CliRunner().invoke(app, train(draw_folder(tmp_path / "known"), masks, tmp_path))

    assert done.exit_code == 1
    # None is a copy of a drawn one.
    assert DATA_SETS.hospital(DATA_SETS.lung_masks) in done.output.replace("\n", " ")


def test_a_copy_has_the_hospital_and_the_patient_of_its_original(data: Path, masks: Path) -> None:
    images, _ = read_lung_masks(masks, (224, 224))
    darker = (images * 0.9).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (1, 224, 224)).astype(np.uint8)
    first = read_dataset(data)[:1]

    known = origins(np.concatenate([darker[:1], noise]), first)

    assert known.sources.tolist() == [first[0].source, DATA_SETS.lung_masks]
    assert known.groups.tolist() == [first[0].group, "mask 1"]


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="_mask"):
        read_lung_masks(tmp_path, (64, 64))


def statements(certainty: list[float], right: list[bool], hospitals: list[str]) -> Statements:
    names = np.array(hospitals)
    return Statements(
        sources=names,
        hospitals=names,
        groups=np.arange(len(names)).astype(str),
        certainty=np.array(certainty),
        inside=np.array(right),
        drawn=np.ones(len(names), dtype=np.bool_),
    )


def test_nothing_is_said_below_the_certainty_from_which_on_most_is_right() -> None:
    certain = np.linspace(0.99, 0.5, 50).tolist()
    found = statements(certain, [True] * 38 + [False] * 12, ["here", "there"] * 25)

    # 38 of 40 are right.
    assert found.least_certainty == pytest.approx(certain[39])
    assert found.said().sum() == pytest.approx(40, abs=2)


def test_the_certainty_of_a_hospital_is_fitted_at_the_others() -> None:
    certain = np.linspace(0.99, 0.5, 50).tolist()
    # Here it is always right, there only where it is very certain.
    found = statements(
        certain * 2, [True] * 50 + [True] * 10 + [False] * 40, ["here"] * 50 + ["there"] * 50
    )

    said = found.said()

    assert said[:50].sum() == pytest.approx(10, abs=1)
    assert said[50:].all()
    figures = found.figures(np.ones(100, dtype=np.bool_))
    assert figures["always"]["value"] == pytest.approx(0.6)
    assert how_often_right(figures)["outside_lungs"].value == 0
