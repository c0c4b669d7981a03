from pathlib import Path

from covidxray_api.training.data.dataset import read_dataset
from covidxray_api.training.data.split import split
from covidxray_api.training.fitting.config import TrainingConfig


def test_group_split_never_divides_a_group(indexed_folder: Path, config: TrainingConfig) -> None:
    films = read_dataset(indexed_folder)
    train, validation = split(films, config)
    assert len(train) + len(validation) == 60
    assert len(validation) == 12
    assert not {films[row].group for row in train} & {films[row].group for row in validation}


def test_stratified_split_keeps_class_shares(indexed_folder: Path, config: TrainingConfig) -> None:
    films = read_dataset(indexed_folder)
    paper = config.model_copy(update={"split": "stratified", "validation_share": 0.4})
    _, validation = split(films, paper)
    labels = [films[row].label for row in validation]
    assert len(labels) == 24
    assert all(labels.count(label) == 8 for label in set(labels))


def test_split_depends_on_the_seed_alone(indexed_folder: Path, config: TrainingConfig) -> None:
    films = read_dataset(indexed_folder)
    again = split(films, config)[1]
    other = split(films, config.model_copy(update={"seed": 1}))[1]
    assert (split(films, config)[1] == again).all()
    assert set(other) != set(again)
