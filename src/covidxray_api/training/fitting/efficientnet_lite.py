"""EfficientNet-Lite0, which begins with what it has learned of photographs.

Tan & Le 2019, without squeeze-and-excitation and with ReLU6, as TensorFlow published it in 2020
(github.com/tensorflow/tpu, ``efficientnet/lite``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import keras
from keras import layers

from covidxray_api.training.fitting.config import Softening
from covidxray_api.training.fitting.pretrained import Tensors

Size = tuple[int | None, int | None]

FROZEN = 5
"""Blocks, with what stands before them, that keep what they have learned of photographs."""


class Block(NamedTuple):
    """An inverted residual block (Sandler et al. 2018, section 3.4)."""

    number: int
    kernel: int
    stride: int
    expansion: int
    before: int
    after: int
    """Channels that go in and come out."""


STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first, expansion and channels (Tan & Le 2019, table 1)."""


def blocks() -> Iterator[Block]:
    """Yield the blocks in order."""
    number, before = 0, 32
    for repeats, kernel, stride, expansion, after in STAGES:
        for repeat in range(repeats):
            yield Block(number, kernel, 1 if repeat else stride, expansion, before, after)
            number, before = number + 1, after


def efficientnet_lite(size: Size, classes: int, soften: Softening | None = None) -> keras.Model:
    """Build EfficientNet-Lite0 for gray radiographs in 0–1.

    Its first blocks never learn, so that it keeps what is general (Kumar et al. 2022).

    Parameters
    ----------
    size : tuple of int or None
        Height and width of the input; None takes any.
    classes : int
        Number of softmax outputs.
    soften : Softening, optional
        Show the network its input without fine detail and rim: how it is served. In training the
        radiographs come so.
    """
    image = layers.Input((*size, 1))
    x = image if soften is None else softened(image, soften)
    # What the weights know is (v - 127) / 128 for v in 0–255.
    x = layers.Rescaling(255 / 128, -127 / 128)(x)
    x = layers.Conv2D(
        32, 3, 2, padding="same", use_bias=False, name="stem", trainable=False
    )(x)  # fmt: skip
    x = layers.ReLU(6.0)(_normalise(x, "stem_norm", learns=False))
    for block in blocks():
        x = _inverted_residual(x, block)
    x = layers.Conv2D(1280, 1, use_bias=False, name="head")(x)
    x = layers.ReLU(6.0)(_normalise(x, "head_norm", learns=True))
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(image, outputs, name="efficientnet_lite")


def softened(image: keras.KerasTensor, soften: Softening) -> keras.KerasTensor:
    """Take fine detail and rim from an input, and bring the rest back to its size."""
    height, width = image.shape[1:3]
    x = layers.AveragePooling2D(soften.pool)(image)
    x = layers.Cropping2D(soften.crop)(x)
    return layers.Resizing(height, width, interpolation="bilinear")(x)


def _normalise(x: keras.KerasTensor, name: str, learns: bool) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.97, epsilon=1e-3, name=name, trainable=learns)(x)


def _inverted_residual(x: keras.KerasTensor, block: Block) -> keras.KerasTensor:
    name, learns = f"block{block.number}", block.number >= FROZEN
    y = x
    if block.expansion > 1:
        width = block.before * block.expansion
        y = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_expand", trainable=learns)(y)
        y = layers.ReLU(6.0)(_normalise(y, f"{name}_expand_norm", learns))
    y = layers.DepthwiseConv2D(
        block.kernel,
        block.stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise",
        trainable=learns,
    )(y)
    y = layers.ReLU(6.0)(_normalise(y, f"{name}_depthwise_norm", learns))
    y = layers.Conv2D(
        block.after, 1, use_bias=False, name=f"{name}_project", trainable=learns
    )(y)  # fmt: skip
    y = _normalise(y, f"{name}_project_norm", learns)
    passes = block.stride == 1 and block.before == block.after
    return layers.Add()([x, y]) if passes else y


def take_pretrained(network: keras.Model, tensors: Tensors) -> None:
    """Give a network the weights that were learned of photographs, all but the last layer's.

    Parameters
    ----------
    network : keras.Model
        What `efficientnet_lite` builds.
    tensors : mapping of str to ndarray
        By their names in ``efficientnet_lite_pytorch``.
    """

    def convolution(layer: str, name: str) -> None:
        network.get_layer(layer).set_weights([tensors[f"{name}.weight"].transpose(2, 3, 1, 0)])

    def norm(layer: str, name: str) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        network.get_layer(layer).set_weights([tensors[f"{name}.{part}"] for part in parts])

    # A gray image has the same value in all three channels, so their kernels add up.
    stem = tensors["_conv_stem.weight"].sum(axis=1, keepdims=True)
    network.get_layer("stem").set_weights([stem.transpose(2, 3, 1, 0)])
    norm("stem_norm", "_bn0")
    for block in blocks():
        layer, name = f"block{block.number}", f"_blocks.{block.number}"
        if block.expansion > 1:
            convolution(f"{layer}_expand", f"{name}._expand_conv")
            norm(f"{layer}_expand_norm", f"{name}._bn0")
        kernel = tensors[f"{name}._depthwise_conv.weight"].transpose(2, 3, 0, 1)
        network.get_layer(f"{layer}_depthwise").set_weights([kernel])
        norm(f"{layer}_depthwise_norm", f"{name}._bn1")
        convolution(f"{layer}_project", f"{name}._project_conv")
        norm(f"{layer}_project_norm", f"{name}._bn2")
    convolution("head", "_conv_head")
    norm("head_norm", "_bn1")
