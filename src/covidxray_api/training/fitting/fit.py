"""Fitting a network to radiographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.augmentation import augment, soften
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.fitting.config import Phase, TrainingConfig
from covidxray_api.training.fitting.devices import devices, normalise_whole_batches, steps_taken
from covidxray_api.training.fitting.efficientnet_lite import efficientnet_lite, take_pretrained
from covidxray_api.training.fitting.networks import NETWORKS
from covidxray_api.training.fitting.pretrained import efficientnet_lite_file, read_tensors

AfterEpoch = Callable[[int, keras.Model, dict[str, float]], None]
"""Called after each epoch with its number from 1, the network and the training figures."""


class ImageBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of an epoch; each depends on nothing but the seed, its epoch and its number.

    Where devices do not divide the radiographs of an epoch, its first ones fill up its last batch.
    """

    def __init__(
        self,
        images: Sequence[LabelledImage],
        pixels: NDArray[np.uint8],
        config: TrainingConfig,
        phase: Phase,
        devices: int = 1,
    ) -> None:
        super().__init__(workers=2)
        self._pixels = pixels
        self._config = config
        self._targets = smooth(config.targets(images), config.label_smoothing)
        self._weights = balanced_weights(images, config) if config.balance else None
        self._sources = rows_by_source(images)
        self._size = phase.size
        self._epoch = phase.begin
        self._devices = devices
        self._draw()

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self._order) // self._config.batch_size)

    def on_epoch_end(self) -> None:
        """Draw the radiographs of the next epoch."""
        self._epoch += 1
        self._draw()

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a batch: tensor (n, h, w, 1) and targets (n, classes)."""
        size = self._config.batch_size
        rows = self._order[index * size : (index + 1) * size]
        images = [self._pixels[row] for row in rows]
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        if self._config.augment:
            images = [augment(image, self._donor(rng), rng) for image in images]
        if (taken := self._config.soften) is not None:
            images = [soften(image, taken.detail, taken.rim, rng) for image in images]
        return preprocess(images, self._size), self._targets[rows]

    def _draw(self) -> None:
        rng = np.random.default_rng((self._config.seed, self._epoch))
        n = len(self._targets)
        drawn = self._config.images_per_epoch or n
        if self._weights is None:
            self._order = rng.permutation(n)[:drawn]
        else:
            self._order = rng.choice(n, drawn, p=self._weights)
        # Every device has a share of the last batch: of none, its gradient would be no number.
        self._order = np.resize(self._order, -(-drawn // self._devices) * self._devices)

    def _donor(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        rows = self._sources[rng.integers(len(self._sources))]
        donor: NDArray[np.uint8] = self._pixels[rng.choice(rows)]
        return donor


def smooth(targets: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Spread a share of each target over all classes."""
    return targets * np.float32(1 - share) + np.float32(share / targets.shape[1])


def rows_by_source(images: Sequence[LabelledImage]) -> list[NDArray[np.intp]]:
    """Return the rows of each source."""
    sources = np.array([image.source for image in images])
    return [np.flatnonzero(sources == source) for source in np.unique(sources)]


def balanced_weights(
    images: Sequence[LabelledImage], config: TrainingConfig
) -> NDArray[np.float64]:
    """Return how often each radiograph is to be drawn; they sum to 1.

    Classes are drawn as `config.draw` says, alike often by default, and labels that are only taught
    (adults with other findings) together half as often; within a label, a source by the root of its
    number of radiographs.
    """
    labels = np.array([image.label if image.label in config.codes else "" for image in images])
    sources = np.array([image.source for image in images])
    weights = np.zeros(len(images))
    for label in np.unique(labels):
        share = config.draw.get(label, 1.0) if label else 0.5
        names, sizes = np.unique(sources[labels == label], return_counts=True)
        for name, size in zip(names, np.sqrt(sizes), strict=True):
            rows = (labels == label) & (sources == name)
            weights[rows] = share * size / np.sqrt(sizes).sum() / rows.sum()
    weights /= weights.sum()
    return weights


def fit(
    images: Sequence[LabelledImage],
    pixels: NDArray[np.uint8],
    config: TrainingConfig,
    after_epoch: AfterEpoch,
    begun: keras.Model | None = None,
) -> keras.Model:
    """Train a network.

    Parameters
    ----------
    images : sequence of LabelledImage
        What to learn from; all of it.
    pixels : ndarray of uint8, shape (n, height, width)
        The radiographs at the network's input size.
    config : TrainingConfig
        The run.
    after_epoch : callable
        Told of each epoch; see `AfterEpoch`.
    begun : keras.Model, optional
        A network with its optimiser to go on from, as it was after an epoch of the same run.

    Returns
    -------
    keras.Model
        The network in float32, with a softmax output for each label.
    """
    keras.utils.set_random_seed(config.seed)
    steps = steps_per_epoch(images, config)
    network = compiled(config, steps * config.epochs) if begun is None else begun
    done = steps_taken(network) // steps
    shared_by = network.distribute_strategy.num_replicas_in_sync
    report = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: seed_dropout(network, config.seed, epoch),
        on_epoch_end=lambda epoch, logs: after_epoch(epoch + 1, network, dict(logs)),
    )
    for begin, end, size in config.phases:
        if done < end:
            first = max(begin, done)
            network.fit(
                ImageBatches(images, pixels, config, Phase(first, end, size), shared_by),
                shuffle=False,  # the order of an epoch is drawn there, from its number
                initial_epoch=first,
                epochs=end,
                callbacks=[report],
                verbose=0,
            )
        elif done == end:
            # Keras puts averaged weights in place once a phase has ended: after its state is kept.
            network.optimizer.finalize_variable_values(network.trainable_variables)
    return as_served(network, config)


def seed_dropout(network: keras.Model, seed: int, epoch: int) -> None:
    """Let what an epoch drops follow from seed and epoch: Keras keeps no random state in files."""
    states = [each for each in network.variables if each.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign([seed + number, epoch << 16])


def steps_per_epoch(images: Sequence[LabelledImage], config: TrainingConfig) -> int:
    """Return how many batches an epoch has."""
    return -(-(config.images_per_epoch or len(images)) // config.batch_size)


def compiled(config: TrainingConfig, steps: int) -> keras.Model:
    """Build the network of a run of so many steps, with its optimiser, on its devices.

    Raises
    ------
    DatasetError
        If it is to begin with pretrained weights and these are not installed.
    """
    strategy = devices(config.batch_size)
    shared = strategy.num_replicas_in_sync > 1
    with strategy.scope():
        keras.config.set_dtype_policy(config.precision)
        network = NETWORKS[config.network](
            (None, None) if config.small_first else config.input_size, len(config.labels)
        )
        keras.config.set_dtype_policy("float32")
        if shared:
            normalise_whole_batches(network)
        if config.pretrained:
            take_pretrained(network, read_tensors(efficientnet_lite_file()))
        rate: float | keras.optimizers.schedules.LearningRateSchedule = config.learning_rate
        if config.augment:
            warm_up = steps // 20
            rate = keras.optimizers.schedules.CosineDecay(
                0.0, steps - warm_up, warmup_target=config.learning_rate, warmup_steps=warm_up
            )
        network.compile(
            keras.optimizers.AdamW(
                rate,
                weight_decay=config.weight_decay,
                use_ema=config.averaging is not None,
                ema_momentum=config.averaging or 0.99,
            ),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
            # XLA is slow at depthwise convolutions on processors, and devices cannot speak with one
            # another in what it compiles.
            jit_compile=False if shared or config.network == "efficientnet_lite" else "auto",
        )
    return network


def as_served(network: keras.Model, config: TrainingConfig) -> keras.Model:
    """Return the network with float32 arithmetic, a fixed input size and what it is shown."""
    size, classes = config.input_size, len(config.labels)
    copy = (
        efficientnet_lite(size, classes, config.soften)
        if config.soften is not None
        else NETWORKS[config.network](size, classes)
    )
    copy.set_weights(network.get_weights())
    return copy


def infer(network: keras.Model, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities of many radiographs, in batches: float32, shape (n, classes)."""
    probabilities: NDArray[np.float32] = network.predict(tensor, batch_size=256, verbose=0)
    return probabilities
