"""The gate's network, and fitting it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.fitting.fit import infer
from covidxray_api.training.gate.examples import ExampleBatches, Examples, acquired, even
from covidxray_api.training.gate.rules import KINDS, TURNS
from covidxray_api.training.publishing.distance import FEATURES, whitening

SIZE = (96, 96)
"""Height and width of the network's input."""

RADIOGRAPHS_MEASURED = 4000
"""Radiographs whose features say what a radiograph is like."""


def network(size: tuple[int, int] = SIZE) -> keras.Model:
    """Build the gate's network: residual blocks on a radiograph of standardised intensities.

    Parameters
    ----------
    size : tuple of int
        Height and width of the input.

    Returns
    -------
    keras.Model
        Outputs `kind`, `rotation` (softmax) and `inverted` (sigmoid).
    """
    radiograph = layers.Input((*size, 1))
    x = layers.GroupNormalization(1, center=False, scale=False, dtype="float32")(radiograph)
    x = _convolve(x, 16, 5, stride=2)
    for width in (24, 48, 64, 96):
        y = _convolve(x, width, 3, stride=2)
        y = _convolve(y, width, 3, relu=False)
        x = _convolve(layers.AveragePooling2D(2, padding="same")(x), width, 1, relu=False)
        x = layers.ReLU()(layers.Add()([x, y]))
    features = layers.GlobalAveragePooling2D()(x)
    # Where the parts of a chest lie tells how it is rotated; the mean over places does not.
    place = layers.Flatten()(_convolve(x, 16, 1))
    place = layers.Dense(48, activation="relu")(place)
    both = layers.Dropout(0.2)(layers.Concatenate(name=FEATURES)([features, place]))
    head = partial(layers.Dense, dtype="float32")
    return keras.Model(
        radiograph,
        {
            "kind": head(len(KINDS), activation="softmax", name="kind")(both),
            "rotation": head(len(TURNS), activation="softmax", name="rotation")(both),
            "inverted": head(1, activation="sigmoid", name="inverted")(both),
        },
        name="gate",
    )


def _convolve(
    x: keras.KerasTensor, width: int, kernel: int, stride: int = 1, relu: bool = True
) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.ReLU()(x) if relu else x


def fit_gate(
    examples: Examples,
    epochs: int,
    after_epoch: Callable[[int, float], None],
    seed: int = 2021,
    batches: int = 100,
    batch_size: int = 64,
    measured: int = RADIOGRAPHS_MEASURED,
) -> keras.Model:
    """Train a gate.

    Parameters
    ----------
    examples : Examples
        What to learn from.
    epochs : int
        Rounds of `batches` batches.
    after_epoch : callable
        Told the number of each epoch from 1, and its loss.
    seed : int
        Seed of every source of chance.
    batches, batch_size : int
        Length of an epoch.
    measured : int
        Radiographs from which the distance to all others is known.

    Returns
    -------
    keras.Model
        Images of shape (n, height, width, 1) in; the columns that `GateManifest` names out.
    """
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16")
    learner = network()
    keras.config.set_dtype_policy("float32")
    steps = epochs * batches
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=2e-3, warmup_steps=steps // 20
    )
    learner.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.02),
        loss={
            "kind": "sparse_categorical_crossentropy",
            "rotation": "sparse_categorical_crossentropy",
            "inverted": "binary_crossentropy",
        },
        loss_weights={"kind": 1.0, "rotation": 0.5, "inverted": 0.5},
    )
    learner.fit(
        ExampleBatches(examples, SIZE, batches, batch_size, seed),
        epochs=epochs,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: after_epoch(epoch + 1, logs["loss"])
            )
        ],
    )
    served = network()
    served.set_weights(learner.get_weights())
    answers = served.output
    parts = [
        answers["kind"],
        answers["rotation"],
        answers["inverted"],
        _distance(served, examples, measured, seed),
    ]
    return keras.Model(served.input, layers.Concatenate()(parts), name="gate")


def _distance(
    trained: keras.Model, examples: Examples, measured: int, seed: int
) -> keras.KerasTensor:
    """Return the distance to the features of radiographs, as a tensor; see `Signals.distance`."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(examples.radiographs), measured, p=even(examples.sources, 0.5))
    radiographs = [acquired(examples.radiographs[row], rng) for row in rows]
    features = trained.get_layer(FEATURES).output
    answers = infer(keras.Model(trained.input, features), preprocess(radiographs, SIZE))
    found = answers.astype(np.float64)
    centre = found.mean(axis=0)
    root = whitening(found - centre)
    whiten = layers.Dense(len(root), name="whiten")
    white = whiten(features)
    whiten.set_weights([root, -centre @ root])
    return keras.ops.sqrt(keras.ops.mean(keras.ops.square(white), axis=-1, keepdims=True))
