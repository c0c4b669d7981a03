"""The devices of this machine that share the batches of a training run."""

from __future__ import annotations

import keras
import tensorflow as tf


def devices(batch_size: int) -> tf.distribute.Strategy:
    """Return the devices to train on: as many alike as divide a batch, GPUs where there are any.

    With one device it is TensorFlow's own default, under which nothing changes.

    Parameters
    ----------
    batch_size : int
        Radiographs in a step, over all devices.
    """
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    used = max(n for n in range(1, len(found) + 1) if batch_size % n == 0)
    if used == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in found[:used]])


def normalise_whole_batches(network: keras.Model) -> None:
    """Let batch normalisation see a step's radiographs on all devices, as a single one would."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


def steps_taken(network: keras.Model) -> int:
    """Return the number of steps that a network has been trained, on one device or several."""
    return int(network.optimizer.iterations.numpy())


def gpus_here() -> int:
    """Return how many GPUs this machine has."""
    return len(tf.config.list_physical_devices("GPU"))
