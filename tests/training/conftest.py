from pathlib import Path

import pytest
import tensorflow as tf
from tests.drawn import LABELS, draw_folder

from covidxray_api.training.fitting.config import TrainingConfig

HERE = Path(__file__).parent

# Sums of several threads, in whatever order they end, would make no two runs alike.
tf.config.experimental.enable_op_determinism()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def indexed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty drawn radiographs in the index.csv layout."""
    return draw_folder(tmp_path_factory.mktemp("indexed"))


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
