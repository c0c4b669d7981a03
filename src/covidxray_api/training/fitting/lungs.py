"""Training the lung finder on radiographs with drawn lungs."""

from __future__ import annotations

import cv2
import keras
import numpy as np
from cv2.typing import MatLike
from keras import layers
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.augmentation import degrade, random_tones

SIZE = (64, 64)
"""Height and width of what the finder sees and says."""

STEPS = 30
BATCH = 32


def lung_finder() -> keras.Model:
    """Build a small encoder and decoder with skips (U-Net: Ronneberger et al. 2015)."""
    image = layers.Input((*SIZE, 1))
    x = layers.GroupNormalization(1, center=False, scale=False)(image)
    x = _convolve(x, 12)
    passed = [x]
    for width in (24, 48, 64):
        x = _convolve(_convolve(x, width, stride=2), width)
        passed.append(x)
    passed.pop()
    for skip in reversed(passed):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skip])
        x = _convolve(x, skip.shape[-1])
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x), name="lung_finder")


def _convolve(x: keras.KerasTensor, width: int, stride: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def fit_lung_finder(
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    epochs: int,
    name: str,
    seed: int = 2021,
) -> keras.Model:
    """Fit a lung finder, showing progress.

    Parameters
    ----------
    images, masks : ndarray of uint8, shape (n, 64, 64)
        What `read_lung_masks` returned.
    epochs : int
        Rounds of 960 radiographs.
    name : str
        Name that the progress is shown by.
    seed : int
        Seed of every source of chance.

    Returns
    -------
    keras.Model
        Radiographs in, probability of lung out, both of shape (n, 64, 64, 1).
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    network = lung_finder()
    steps = epochs * STEPS
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    network.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy")
    for _ in track(range(steps), name):
        drawn = [vary(images[row], masks[row], rng) for row in rng.choice(len(images), BATCH)]
        network.train_on_batch(
            preprocess([image for image, _ in drawn], SIZE),
            preprocess([mask for _, mask in drawn], SIZE),
        )
    return network


def lungs_on(network: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probability of lung on radiographs, shape (n, 64, 64)."""
    found: NDArray[np.float32] = network.predict(preprocess(list(images), SIZE), verbose=0)[..., 0]
    return found


def dice_of(found: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the Dice coefficient of each radiograph's found and drawn lungs, shape (n,)."""
    overlap = (found & drawn).sum(axis=(1, 2))
    both = found.sum(axis=(1, 2)) + drawn.sum(axis=(1, 2))
    dice: NDArray[np.float64] = 2 * overlap / np.maximum(both, 1)
    return dice


def vary(
    image: MatLike, mask: MatLike, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Frame a radiograph and its mask otherwise, change its tones, and cloud part of it.

    The clouds teach that lungs end where the ribs do, not where they turn white.

    Parameters
    ----------
    image, mask : ndarray of uint8, shape (height, width)
        A radiograph, and where its lungs are.
    rng : Generator
        Source of chance.

    Returns
    -------
    tuple of ndarray of uint8, shape (height, width)
        Both, changed alike.
    """
    height, width = image.shape
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.normal(0, 7), np.exp(rng.uniform(-0.3, 0.3))
    )
    turn[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    if rng.random() < 0.5:
        image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
    image = cv2.warpAffine(image, turn, (width, height), borderMode=border)
    mask = cv2.warpAffine(mask, turn, (width, height))
    image = degrade(cv2.LUT(image, random_tones(rng)), rng)
    if rng.random() < 0.3:
        image = clouded(image, rng)
    return np.asarray(image, np.uint8), np.asarray(mask, np.uint8)


def clouded(image: MatLike, rng: np.random.Generator) -> MatLike:
    """Lay one soft white cloud over a radiograph."""
    height, width = image.shape
    cloud: MatLike = np.zeros((height, width), dtype=np.float32)
    centre = rng.integers(8, min(height, width) - 8, 2)
    axes = rng.integers(4, 14, 2)
    cv2.ellipse(cloud, centre.tolist(), axes.tolist(), 0, 0, 360, (0.8,), -1)
    cloud = cv2.GaussianBlur(cloud, (0, 0), 3)
    return (image * (1 - cloud) + cloud * rng.uniform(140, 230)).astype(np.uint8)
