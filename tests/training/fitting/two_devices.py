"""Train on two devices, both of them this machine's CPU, interrupted after the first epoch.

The arguments are a folder of drawn radiographs, and one for the state and what came of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tests.drawn import LABELS
from tests.training.fitting.test_run import interrupted

from covidxray_api.training.data.dataset import load_pixels, read_dataset
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.devices import devices
from covidxray_api.training.fitting.networks import NETWORKS, Size
from covidxray_api.training.fitting.run import train

CONFIG = TrainingConfig.model_validate(
    {
        "name": "shared",
        "description": "Is trained on any number of devices.",
        "network": "residual",
        "input_size": [32, 32],
        "labels": LABELS,
        "split": "group",
        "validation_share": 0.2,
        "epochs": 2,
        "images_per_epoch": 22,
        "batch_size": 8,
        "averaging": 0.9,
        "augment": True,
        "balance": True,
    }
)


def plain(size: Size, classes: int) -> keras.Model:
    """Build a network that drops nothing: what is dropped depends on the device."""
    return keras.Sequential(
        [
            keras.layers.Input((*size, 1)),
            keras.layers.Conv2D(4, 3, 2, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def main(data: Path, folder: Path) -> None:
    """Train, and keep the weights and what they say of the held-out radiographs."""
    (processor,) = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    tf.config.experimental.enable_op_determinism()
    NETWORKS["residual"] = plain
    images = read_dataset(data)
    pixels = load_pixels(images, CONFIG.input_size)
    interrupted(images, pixels, CONFIG, folder, 1)
    trained = train(images, pixels, CONFIG, folder)
    np.savez(folder / "weights.npz", *trained.network.get_weights())
    np.save(folder / "probabilities.npy", trained.held_out_probabilities)
    print(devices(CONFIG.batch_size).num_replicas_in_sync)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
