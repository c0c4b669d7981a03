"""Splits into training and validation radiographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import LabelledImage, counts
from covidxray_api.training.data.sources import COVID, DATA_SETS
from covidxray_api.training.fitting.config import TrainingConfig

Rows = NDArray[np.intp]

CONFIGURATION = "configuration"
"""Where a manifest has the configuration of the training."""


def split(images: Sequence[LabelledImage], config: TrainingConfig) -> tuple[Rows, Rows]:
    """Divide radiographs into rows to train on and rows to validate on.

    Parameters
    ----------
    images : sequence of LabelledImage
        What to divide.
    config : TrainingConfig
        Gives the kind of split, the share to hold out and the seed.

    Returns
    -------
    tuple of ndarray of int
        Rows to train on and rows to validate on, both sorted.
    """
    rows = np.arange(len(images))
    strata = [f"{image.label} {image.source}" for image in images]
    if config.split == "stratified":
        labels = [image.label for image in images]
        train, validation = train_test_split(
            rows, test_size=config.validation_share, random_state=config.seed, stratify=labels
        )
    else:
        folds = StratifiedGroupKFold(
            round(1 / config.validation_share), shuffle=True, random_state=config.seed
        )
        groups = [image.group for image in images]
        train, validation = next(folds.split(rows, strata, groups))
    return np.sort(train), np.sort(validation)


def added(images: Sequence[LabelledImage], config: TrainingConfig) -> list[LabelledImage]:
    """Return the radiographs that continuations of a run learn from and the run itself does not."""
    return [image for image in images if image.source in config.added and config.teaches(image)]


def unseen_hospitals(
    images: Sequence[LabelledImage], trained_on: Sequence[LabelledImage], config: TrainingConfig
) -> dict[str, list[LabelledImage]]:
    """Return adults without COVID-19 of archives that training saw nothing of, by archive.

    Parameters
    ----------
    images : sequence of LabelledImage
        All images of the data folder.
    trained_on : sequence of LabelledImage
        Those that the network learned from.
    config : TrainingConfig
        Its configuration.
    """
    known = DATA_SETS.archives(image.source for image in trained_on)
    away = [
        image
        for image in images
        if DATA_SETS.archive(image.source) not in known
        and image.label != COVID
        and config.teaches(image)
        and not DATA_SETS.of_children(image.source)
    ]
    return {
        archive: [image for image in away if image.source in sources]
        for archive, sources in DATA_SETS.archives({i.source: None for i in away}).items()
    }


def repeat_split(
    images: Sequence[LabelledImage], training: Mapping[str, Any], model: str
) -> tuple[list[LabelledImage], list[LabelledImage], TrainingConfig]:
    """Repeat the split of a stored model from what its manifest says of its training.

    Parameters
    ----------
    images : sequence of LabelledImage
        All images of the data folder that it was trained from.
    training : mapping
        `Manifest.training`.
    model : str
        Name of the model.

    Returns
    -------
    list of LabelledImage
        Images that it was trained on.
    list of LabelledImage
        Images that were held out.
    TrainingConfig
        Its configuration.

    Raises
    ------
    DatasetError
        If it was not trained here, or the numbers of images by source and label are not those of
        its training: another split would measure it on images that it has seen.
    """
    if CONFIGURATION not in training:
        raise DatasetError("split", model=model)
    config = TrainingConfig.model_validate(training[CONFIGURATION])
    suitable = config.suitable(images)
    trained_on, held_out = ([suitable[row] for row in rows] for rows in split(suitable, config))
    trained_on += added(images, config)
    if (counts(trained_on), counts(held_out)) != (training["films"], training["held_out_films"]):
        raise DatasetError("split", model=model)
    return trained_on, held_out, config
