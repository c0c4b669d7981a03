import json
import shutil
from pathlib import Path

import pytest

from covidxray_api.models.store import ModelStore
from covidxray_api.settings import shipped
from covidxray_api.training.evaluation.robustness import PERTURBATIONS
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.workflows.classifier import run_evaluation, run_protocol, run_training

pytestmark = [
    pytest.mark.timeout(900),  # networks are trained; a busy machine takes minutes
    pytest.mark.usefixtures("eagerly"),
]


def reference_with(threshold: float, folder: Path) -> Path:
    """Copy the reference, and let its gate accept from another score on."""
    shutil.copytree(shipped("reference"), folder)
    for path in (folder / "gate").glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps(manifest | {"threshold": threshold}))
    return folder


def test_an_evaluation_becomes_page_card_figures_and_manifest(
    indexed_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    store, docs = ModelStore(tmp_path / "store"), tmp_path / "docs"
    folder = run_training(indexed_folder, config, store, None).folder
    reference = reference_with(0.0, tmp_path / "reference")
    run_protocol("folds", indexed_folder, config, 0.5, reference, docs / "evaluation")

    run_evaluation(indexed_folder, store, ["drawn"], reference, docs)

    page = (docs / "evaluation.md").read_text()
    assert "### drawn-folds\n\n1 of 2 epochs." in page
    assert "| balanced_accuracy | 0." in page
    report = json.loads((docs / "evaluation" / "drawn.json").read_text())
    assert report["robustness"].keys() == PERTURBATIONS.keys()
    assert report["operating_points"].keys() == {"screening", "balanced", "specific"}
    accuracy = report["held_out"]["accuracy"]["value"]
    assert report["risk_at_coverage"]["100%"] == pytest.approx(1 - accuracy)
    assert (docs / "evaluation" / "drawn.png").read_bytes().startswith(b"\x89PNG")
    card = (folder / "MODEL_CARD.md").read_text()
    for part in ("## Known limits", "## Intended use", "| operating point |", "## CLAIM 2024"):
        assert part in card
    assert store.get("drawn").evidence["held_out"] == report["held_out"]


def test_images_that_the_check_refuses_have_no_robustness(
    indexed_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    store, docs = ModelStore(tmp_path / "store"), tmp_path / "docs"
    run_training(indexed_folder, config, store, None)

    reference = reference_with(1.1, tmp_path / "reference")
    run_evaluation(indexed_folder, store, ["drawn"], reference, docs)

    report = json.loads((docs / "evaluation" / "drawn.json").read_text())
    assert report["robustness_films"] == 0
    assert report["robustness"] == {}
