from pathlib import Path

import cv2
import numpy as np
import pytest

from covidxray_api.training.fitting.config import TrainingConfig

LABELS = [
    {"code": code, "display": {"en": code, "es": code}}
    for code in ("normal", "covid_19", "viral_pneumonia")
]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))


def draw_image(label: str, rng: np.random.Generator) -> np.ndarray:
    """Two dark lungs on gray; a case has a white spot: low for COVID-19, high for viral."""
    image = np.full((96, 96), 150, dtype=np.uint8)
    for centre in (30, 66):
        cv2.ellipse(image, (centre, 50), (13, 32), 0, 0, 360, 40, -1)
        if label != "normal":
            cv2.circle(image, (centre, 68 if label == "covid_19" else 32), 9, 220, -1)
    noisy: np.ndarray = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    return noisy


@pytest.fixture(scope="session")
def indexed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty drawn radiographs of two sources, two to a group, in the index.csv layout."""
    folder = tmp_path_factory.mktemp("indexed")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    rows = ["file,label,source,group,seed_paper_subset,findings"]
    for number in range(60):
        label = ("normal", "covid_19", "viral_pneumonia")[number // 2 % 3]
        source = ("here", "there")[number // 2 % 2]
        cv2.imwrite(str(folder / "images" / f"{number}.png"), draw_image(label, rng))
        rows.append(f"{number}.png,{label},{source},{number // 2},{int(number < 30)},")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig.model_validate(
        {
            "name": "drawn",
            "description": "Learns drawn radiographs.",
            "network": "seed_cnn",
            "input_size": [32, 32],
            "labels": LABELS,
            "split": "group",
            "validation_share": 0.2,
            "epochs": 2,
            "batch_size": 8,
            "augment": True,
            "balance": True,
        }
    )
