from pathlib import Path

import numpy as np
import pytest

from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import LabelledImage, read_dataset
from covidxray_api.training.fitting.config import TrainingConfig

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_is_valid_and_named_after_its_file(path: Path) -> None:
    assert TrainingConfig.read(path).name == path.stem


def test_what_is_wrong_in_a_configuration_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    lines = CONFIGS[0].read_text(encoding="utf-8").splitlines()
    lines = [line.replace("epochs =", "epoch =") for line in lines]
    path.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(DatasetError) as refused:
        TrainingConfig.read(path)

    fault = "epochs: Field required; epoch: Extra inputs are not permitted"
    assert refused.value.facts["fault"] == fault


def test_left_out_sources_and_the_subset_are_respected(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    without = config.model_copy(update={"leave_out": ("there",)})
    assert {image.source for image in without.suitable(images)} == {"here"}
    subset = config.model_copy(update={"seed_subset_only": True})
    assert len(subset.suitable(images)) == 30


def test_images_of_other_labels_teach_their_shares(config: TrainingConfig) -> None:
    shares = {"normal": 0.6, "viral_pneumonia": 0.4}
    taught = config.model_copy(update={"teach": {"other_finding": shares}})
    images = [
        LabelledImage(Path("a"), "covid_19", "here", "1"),
        LabelledImage(Path("b"), "other_finding", "here", "2"),
    ]
    expected = np.array([[0.0, 1.0, 0.0], [0.6, 0.0, 0.4]])
    np.testing.assert_allclose(taught.targets(images), expected, rtol=1e-6)


def test_small_images_come_first(config: TrainingConfig) -> None:
    gradual = config.model_copy(update={"small_first": (16, 16), "epochs": 10})
    assert gradual.phases == [(0, 7, (16, 16)), (7, 10, (32, 32))]
    assert config.phases == [(0, 2, (32, 32))]
