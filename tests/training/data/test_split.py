from pathlib import Path
from typing import Any

import pytest

from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import LabelledImage, counts, read_dataset
from covidxray_api.training.data.split import added, repeat_split, split, unseen_hospitals
from covidxray_api.training.fitting.config import Continuation, TrainingConfig


def test_group_split_never_divides_a_group(indexed_folder: Path, config: TrainingConfig) -> None:
    images = read_dataset(indexed_folder)
    train, validation = split(images, config)
    assert len(train) + len(validation) == 60
    assert len(validation) == 12
    assert not {images[row].group for row in train} & {images[row].group for row in validation}


def test_stratified_split_keeps_class_shares(indexed_folder: Path, config: TrainingConfig) -> None:
    images = read_dataset(indexed_folder)
    paper = config.model_copy(update={"split": "stratified", "validation_share": 0.4})
    _, validation = split(images, paper)
    labels = [images[row].label for row in validation]
    assert len(labels) == 24
    assert all(labels.count(label) == 8 for label in set(labels))


def test_split_depends_on_the_seed_alone(indexed_folder: Path, config: TrainingConfig) -> None:
    images = read_dataset(indexed_folder)
    again = split(images, config)[1]
    other = split(images, config.model_copy(update={"seed": 1}))[1]
    assert (split(images, config)[1] == again).all()
    assert set(other) != set(again)


def described(images: list[LabelledImage], config: TrainingConfig) -> dict[str, Any]:
    """Return what the manifest says of a network that was trained on images."""
    train, held_out = split(images, config)
    return {
        "configuration": config.model_dump(mode="json"),
        "films": counts(images[row] for row in train),
        "held_out_films": counts(images[row] for row in held_out),
    }


def test_a_split_is_repeated_from_what_the_manifest_says(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    trained_on, held_out, repeated = repeat_split(images, described(images, config), "drawn")
    train, validation = split(images, config)
    assert repeated == config
    assert trained_on == [images[row] for row in train]
    assert held_out == [images[row] for row in validation]


def test_a_split_of_other_images_is_refused(indexed_folder: Path, config: TrainingConfig) -> None:
    images = read_dataset(indexed_folder)
    training = described(images, config)
    new = [LabelledImage(Path(f"{n}.png"), "normal", "elsewhere", f"new {n}") for n in range(10)]
    with pytest.raises(DatasetError, match="split"):
        repeat_split([*images, *new], training, "drawn")
    apart = config.model_copy(update={"leave_out": ("elsewhere",)}).model_dump(mode="json")
    repeat_split([*images, *new], training | {"configuration": apart}, "drawn")


def test_an_imported_network_has_no_split(indexed_folder: Path) -> None:
    with pytest.raises(DatasetError, match="split"):
        repeat_split(read_dataset(indexed_folder), {"imported_from": "old.h5"}, "imported")


def test_what_a_continuation_adds_was_learned_from(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    run = config.model_copy(
        update={
            "leave_out": ("there",),
            "continuations": (Continuation(add=("there",), images=8, learning_rate=1e-3),),
        }
    )
    more = added(images, run)
    assert {image.source for image in more} == {"there"}
    suitable = run.suitable(images)
    train, held_out = split(suitable, run)
    learned_from = [*(suitable[row] for row in train), *more]
    training = {
        "configuration": run.model_dump(mode="json"),
        "films": counts(learned_from),
        "held_out_films": counts(suitable[row] for row in held_out),
    }
    assert repeat_split(images, training, "drawn")[0] == learned_from
    assert unseen_hospitals(images, learned_from, run) == {}


def test_unseen_hospitals_are_adults_without_covid_19_of_archives_that_were_not_seen(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    seen = [image for image in images if image.source == "here"]
    hospitals = unseen_hospitals(images, seen, config)
    assert list(hospitals) == ["there"]
    expected = [i for i in images if i.source == "there" and i.label != "covid_19"]
    assert hospitals["there"] == expected
