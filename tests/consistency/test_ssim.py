import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from covidxray_api.consistency import Reference
from covidxray_api.consistency.ssim import SsimParameters
from covidxray_api.errors import CorruptArtefact
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import shipped


@pytest.fixture
def reference() -> Reference:
    return Reference.load(shipped("reference"))


def test_the_mean_is_like_itself_and_unlike_noise(reference: Reference) -> None:
    mean = np.round(reference.mean * 255).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    assert reference.similarity(mean) > 0.999
    assert reference.similarity(noise) < 0.1


def test_the_threshold_decides() -> None:
    mean = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    film = Radiograph(np.round(mean * 255).astype(np.uint8), "image/png")
    similarity = Reference(mean, SsimParameters(), 0.0).similarity(film.pixels)
    assert Reference(mean, SsimParameters(), similarity).check(film)[0].consistent
    assert not Reference(mean, SsimParameters(), similarity + 1e-6).check(film)[0].consistent


def test_similarity_is_that_of_wang_et_al_on_constant_images() -> None:
    # With no variance only the luminance term is left: (2ab + C1) / (a² + b² + C1).
    mean = np.full((64, 64), 0.8, dtype=np.float32)
    film = np.full((64, 64), 51, dtype=np.uint8)
    expected = (2 * 0.8 * 0.2 + 1e-4) / (0.8**2 + 0.2**2 + 1e-4)
    similarity = Reference(mean, SsimParameters(), 0.0).similarity(film)
    assert similarity == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest"])
def test_a_damaged_reference_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(shipped("reference"), folder)
    if damage == "changed":
        np.save(folder / "mean.npy", np.zeros((64, 64), dtype=np.float32))
    elif damage == "missing":
        (folder / "mean.npy").unlink()
    else:
        (folder / "manifest.json").unlink()
    with pytest.raises(CorruptArtefact):
        Reference.load(folder)


def test_the_manifest_states_its_evidence() -> None:
    manifest = json.loads((shipped("reference") / "manifest.json").read_text())
    assert sum(manifest["films"].values()) > 1000
    assert manifest["metrics"]["kept"] >= 0.95
    assert manifest["metrics"]["auroc"] > 0.97
