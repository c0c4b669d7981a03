"""Splits into training and validation films."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from covidxray_api.training.data.dataset import Film
from covidxray_api.training.fitting.config import TrainingConfig

Rows = NDArray[np.intp]


def split(films: Sequence[Film], config: TrainingConfig) -> tuple[Rows, Rows]:
    """Divide films into rows to train on and rows to validate on.

    Parameters
    ----------
    films : sequence of Film
        What to divide.
    config : TrainingConfig
        Gives the kind of split, the share to hold out and the seed.

    Returns
    -------
    tuple of ndarray of int
        Rows to train on and rows to validate on, both sorted.
    """
    rows = np.arange(len(films))
    strata = [f"{film.label} {film.source}" for film in films]
    if config.split == "stratified":
        labels = [film.label for film in films]
        train, validation = train_test_split(
            rows, test_size=config.validation_share, random_state=config.seed, stratify=labels
        )
    else:
        folds = StratifiedGroupKFold(
            round(1 / config.validation_share), shuffle=True, random_state=config.seed
        )
        groups = [film.group for film in films]
        train, validation = next(folds.split(rows, strata, groups))
    return np.sort(train), np.sort(validation)
