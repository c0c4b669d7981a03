"""The networks that can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from covidxray_api.training.fitting.efficientnet_lite import efficientnet_lite

Size = tuple[int | None, int | None]


def seed_cnn(size: Size, classes: int) -> keras.Model:
    """Build the paper's network: 15 layers in sequence (Alvaro-Torres et al. 2021).

    The paper names the kinds of layers, their number, ReLU, softmax and the input, but neither
    filters nor units: these are ours.

    Parameters
    ----------
    size : tuple of int
        Height and width of the input; the paper's is 64×64.
    classes : int
        Number of softmax outputs.
    """
    return keras.Sequential(
        [
            layers.Input((*size, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ],
        name="seed_cnn",
    )


def residual(size: Size, classes: int) -> keras.Model:
    """Build a compact residual network (He et al. 2016) on per-radiograph standardised intensities.

    The radiograph is brought to mean 0 and variance 1 inside the network, so brightness and
    contrast, which tell sources apart, never reach it. Global average pooling leaves the feature
    map that a class activation map needs.

    Parameters
    ----------
    size : tuple of int or None
        Height and width of the input; None takes any.
    classes : int
        Number of softmax outputs.
    """
    image = layers.Input((*size, 1))
    x = layers.GroupNormalization(1, center=False, scale=False, dtype="float32")(image)
    x = _convolve(x, 24, kernel=5, stride=2)
    for width in (40, 80, 128, 160):
        x = _residual_block(x, width, stride=2)
        x = _residual_block(x, width, stride=1) if width in (80, 128) else x
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(image, outputs, name="residual")


def _convolve(
    x: keras.KerasTensor, width: int, kernel: int = 3, stride: int = 1, relu: bool = True
) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU()(x) if relu else x


def _residual_block(x: keras.KerasTensor, width: int, stride: int) -> keras.KerasTensor:
    y = _convolve(x, width, stride=stride)
    y = _convolve(y, width, relu=False)
    if stride != 1:
        x = layers.AveragePooling2D(stride, padding="same")(x)
        x = _convolve(x, width, kernel=1, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


NETWORKS: dict[str, Callable[[Size, int], keras.Model]] = {
    "seed_cnn": seed_cnn,
    "residual": residual,
    "efficientnet_lite": efficientnet_lite,
}
