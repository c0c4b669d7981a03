"""A training run: from radiographs to a trained network with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.data.split import Rows, split
from covidxray_api.training.fitting.checkpoint import Checkpoint
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.devices import devices
from covidxray_api.training.fitting.fit import compiled, fit, infer, steps_per_epoch

MILESTONES = (30, 50, 100)
"""Epochs at which the paper reports accuracy."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What a run leaves behind."""

    config: TrainingConfig
    network: keras.Model
    trained_on: list[LabelledImage]
    held_out: list[LabelledImage]
    held_out_probabilities: NDArray[np.float32]
    """Of the held-out radiographs, shape (n, classes), uncalibrated."""

    history: list[dict[str, float]]
    """Training figures by epoch; at milestones also the accuracy of inference on both parts."""


def train(
    images: Sequence[LabelledImage],
    pixels: NDArray[np.uint8],
    config: TrainingConfig,
    checkpoints: Path | None = None,
) -> TrainedNetwork:
    """Train the network that a configuration describes, showing progress.

    Parameters
    ----------
    images : sequence of LabelledImage
        Radiographs that suit the configuration, which are divided as it says, and those that its
        continuations add.
    pixels : ndarray of uint8, shape (n, height, width)
        The radiographs at the network's input size.
    config : TrainingConfig
        The run.
    checkpoints : Path, optional
        Folder where the state is kept after each epoch; a run that was interrupted goes on from it.
    """
    rows = np.array([i for i, image in enumerate(images) if image.source not in config.added])
    trained_on, held_out = (rows[part] for part in split([images[row] for row in rows], config))
    to_learn = [images[row] for row in trained_on]
    checkpoint = None if checkpoints is None else Checkpoint.of(checkpoints, config, to_learn)
    with devices(config.batch_size).scope():
        state = None if checkpoint is None else checkpoint.load(steps_per_epoch(to_learn, config))
    begun, history = state or (None, [])
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.completed}/{task.total} · loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )

    def probabilities(network: keras.Model, rows: Rows) -> NDArray[np.float32]:
        return infer(network, preprocess(list(pixels[rows]), config.input_size))

    with Progress(*columns) as progress:
        bar = progress.add_task(
            config.name, total=config.epochs, completed=len(history), loss=float("nan")
        )

        def after_epoch(epoch: int, network: keras.Model, figures: dict[str, float]) -> None:
            history.append({"epoch": epoch} | figures)
            if epoch in MILESTONES:
                for part, rows in (("train", trained_on), ("validation", held_out)):
                    chosen = [images[row] for row in rows]
                    share = accuracy(chosen, probabilities(network, rows), config)
                    history[-1][f"{part}_accuracy"] = share
            if checkpoint is not None:
                checkpoint.save(network, history)
            progress.update(bar, advance=1, loss=figures["loss"])
            if not progress.console.is_terminal:
                # A log has no bar to redraw.
                progress.print(f"{config.name}: epoch {epoch}, loss {figures['loss']:.3f}")

        network = fit(to_learn, pixels[trained_on], config, after_epoch, begun)
        if config.continuations:
            progress.console.print(f"{config.name}: {len(config.continuations)} continuations")
            average(network, continued(images, pixels, config, trained_on, network))
    if checkpoint is not None:
        checkpoint.remove()
    added = [row for row, image in enumerate(images) if image.source in config.added]
    return TrainedNetwork(
        config=config,
        network=network,
        trained_on=[images[row] for row in (*trained_on, *added)],
        held_out=[images[row] for row in held_out],
        held_out_probabilities=probabilities(network, held_out),
        history=history,
    )


def continued(
    images: Sequence[LabelledImage],
    pixels: NDArray[np.uint8],
    config: TrainingConfig,
    trained_on: Rows,
    network: keras.Model,
) -> list[list[NDArray[np.float32]]]:
    """Return the weights at the end of each continuation of a run; see `Continuation`.

    Parameters
    ----------
    images, pixels : sequence of LabelledImage, ndarray of uint8
        As for `train`.
    config : TrainingConfig
        The run.
    trained_on : ndarray of int
        Rows that the main run learned from.
    network : keras.Model
        What it made.
    """
    ends = []
    for number, each in enumerate(config.continuations):
        run = config.continuation(number)
        added = [row for row, image in enumerate(images) if image.source in each.add]
        rows = np.r_[trained_on, np.array(added, np.intp)]
        chosen = [images[row] for row in rows]
        begun = compiled(run, steps_per_epoch(chosen, run) * run.epochs)
        begun.set_weights(network.get_weights())
        ends.append(fit(chosen, pixels[rows], run, lambda *_: None, begun).get_weights())
    return ends


def average(network: keras.Model, others: Sequence[Sequence[NDArray[np.float32]]]) -> None:
    """Give a network the mean of its weights and those of others that began from it.

    Wortsman et al. 2022, Model soups, section 3, the uniform one.
    """
    network.set_weights(
        [np.mean(each, axis=0) for each in zip(network.get_weights(), *others, strict=True)]
    )


def accuracy(
    images: Sequence[LabelledImage], probabilities: NDArray[np.float32], config: TrainingConfig
) -> float:
    """Return the share called right of the radiographs whose label the network knows."""
    codes = config.codes
    called = probabilities.argmax(axis=1)
    right = [
        codes[answer] == image.label
        for image, answer in zip(images, called, strict=True)
        if image.label in codes
    ]
    return float(np.mean(right))
