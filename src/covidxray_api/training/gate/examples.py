"""What the gate learns from: radiographs and everything else, as a service may be sent them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import keras
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.augmentation import degrade, mark, random_tones
from covidxray_api.training.data.sources import LATERAL
from covidxray_api.training.gate import synthetic_negatives as synthetic
from covidxray_api.training.gate.rules import KINDS
from covidxray_api.training.gate.synthetic_negatives import Picture

SHARES = {"frontal": 0.5, "lateral": 0.05, "cropped": 0.09, "composite": 0.07, "other": 0.29}
"""How often each kind is drawn."""

ROTATED, INVERTED = 0.45, 0.25
"""How often an image is turned by a right angle or more, and how often inverted."""


@dataclass(frozen=True)
class Examples:
    """What the gate learns from, all of shape (n, side, side), uint8."""

    radiographs: NDArray[np.uint8]
    """Frontal chest radiographs."""

    sources: NDArray[np.str_]
    """Source of each radiograph."""

    laterals: NDArray[np.uint8]
    """Lateral chest radiographs; may be none."""

    others: NDArray[np.uint8]
    """Everything else."""

    kinds: NDArray[np.str_]
    """What each of the others shows."""

    def without(self, names: Collection[str]) -> Examples:
        """Return the examples without some kinds of image and without some sources."""
        left_out = list(names)
        radiographs, others = ~np.isin(self.sources, left_out), ~np.isin(self.kinds, left_out)
        return Examples(
            self.radiographs[radiographs],
            self.sources[radiographs],
            self.laterals[: 0 if LATERAL in left_out else None],
            self.others[others],
            self.kinds[others],
        )


def examples_of(
    radiographs: NDArray[np.uint8],
    sources: NDArray[np.str_],
    others: Sequence[NDArray[np.uint8]],
    kinds: NDArray[np.str_],
) -> Examples:
    """Bring radiographs and other images to the size at which they are varied.

    Parameters
    ----------
    radiographs : ndarray of uint8, shape (n, height, width)
        Frontal chest radiographs.
    sources : ndarray of str, shape (n,)
        Source of each.
    others : sequence of ndarray of uint8, shape (height, width)
        Everything else, of any size.
    kinds : ndarray of str
        What each of them shows.
    """
    lateral = kinds == LATERAL
    pictures = np.stack([synthetic.sized(other) for other in others])
    return Examples(
        np.stack([synthetic.sized(radiograph) for radiograph in radiographs]),
        sources,
        pictures[lateral],
        pictures[~lateral],
        kinds[~lateral],
    )


class Example(NamedTuple):
    """One image with what is to be said of it."""

    picture: Picture
    kind: int
    rotation: int
    inverted: bool


Named = dict[str, NDArray[Any]]
"""Arrays by the name of the output that they are about."""


class ExampleBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches drawn at random; each depends on nothing but the seed, its epoch and its number."""

    def __init__(
        self, examples: Examples, size: tuple[int, int], batches: int, batch_size: int, seed: int
    ) -> None:
        super().__init__(workers=2)
        self._size = size
        self._examples = examples
        self._batches = batches
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0
        self._radiograph_weights = even(examples.sources, 0.5)
        self._other_weights = even(examples.kinds, 0.0)

    def __len__(self) -> int:
        """Return the number of batches."""
        return self._batches

    def on_epoch_end(self) -> None:
        """Draw others in the next epoch."""
        self._epoch += 1

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Named, Named]:
        """Return a batch: tensor, what is to be said of it, and what of that counts."""
        rng = np.random.default_rng((self._seed, self._epoch, index))
        drawn = [self._example(rng) for _ in range(self._batch_size)]
        kind = np.array([example.kind for example in drawn])
        frontal = (kind == KINDS.index("frontal")).astype(np.float32)
        targets = {
            "kind": kind,
            "rotation": np.array([example.rotation for example in drawn]),
            "inverted": np.array([[example.inverted] for example in drawn], dtype=np.float32),
        }
        weights = {"kind": np.ones_like(frontal), "rotation": frontal, "inverted": frontal}
        return preprocess([example.picture for example in drawn], self._size), targets, weights

    def _radiograph(self, rng: np.random.Generator) -> Picture:
        radiographs = self._examples.radiographs
        radiograph: Picture = radiographs[rng.choice(len(radiographs), p=self._radiograph_weights)]
        return radiograph

    def _other(self, rng: np.random.Generator) -> Picture:
        others = self._examples.others
        other: Picture = others[rng.choice(len(others), p=self._other_weights)]
        return other

    def _example(self, rng: np.random.Generator) -> Example:
        shares = np.array([SHARES[kind] for kind in KINDS])
        if not len(self._examples.laterals):
            shares[KINDS.index("lateral")] = 0
        kind = rng.choice(len(KINDS), p=shares / shares.sum())
        picture = self._of_kind(KINDS[kind], rng)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        rotation = int(rng.integers(1, 4)) if rng.random() < ROTATED else 0
        inverted = bool(rng.random() < INVERTED)
        picture = np.rot90(picture, -rotation)
        return Example(255 - picture if inverted else picture, kind, rotation, inverted)

    def _of_kind(self, kind: str, rng: np.random.Generator) -> Picture:
        if kind == "frontal":
            return acquired(self._radiograph(rng), rng)
        if kind == "lateral":
            laterals = self._examples.laterals
            return acquired(laterals[rng.integers(len(laterals))], rng)
        if kind == "cropped":
            return acquired(synthetic.cropped(self._radiograph(rng), rng), rng)
        if kind == "composite":
            draw = self._radiograph if rng.random() < 0.7 else self._other
            return acquired(synthetic.composite(lambda: draw(rng), rng), rng)
        chance = rng.random()
        if chance < 0.62:
            other = self._other(rng)
            if rng.random() < 0.4:
                other = synthetic.cropped(other, rng)
            return acquired(other, rng, widely=True)
        if chance < 0.76:
            return acquired(synthetic.rearranged(self._radiograph(rng), rng), rng)
        if chance < 0.82:
            return synthetic.averaged(lambda: self._radiograph(rng), rng)
        made: Callable[[np.random.Generator], Picture] = (
            synthetic.drawing,
            synthetic.texture,
            synthetic.limbs,
        )[rng.integers(3)]
        return made(rng)


def acquired(picture: Picture, rng: np.random.Generator, widely: bool = False) -> Picture:
    """Return a picture as another device, frame and archive would have given it.

    Parameters
    ----------
    picture : ndarray of uint8, shape (side, side)
        Any picture.
    rng : Generator
        Source of chance.
    widely : bool
        Whether the frame may change as much as it likes; that of a radiograph must keep the lungs.
    """
    side = picture.shape[0]
    scale = np.exp(rng.uniform(-0.6, 0.6) if widely else rng.uniform(-0.45, 0.1))
    stretch = np.exp(rng.uniform(-0.12, 0.12))
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 5), 1.0)
    matrix[0] *= scale * stretch
    matrix[1] *= scale / stretch
    centre = matrix @ np.array([side / 2, side / 2, 1.0])
    matrix[:, 2] += side / 2 - centre + rng.uniform(-0.05, 0.05, 2) * side
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    tone = float(rng.choice(np.array([0.0, 0.0, 255.0])))
    changed: MatLike = cv2.warpAffine(
        picture,
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=(tone,),
    )
    changed = cv2.LUT(changed, random_tones(rng))
    if rng.random() < 0.6:
        changed = degrade(changed, rng)
    if rng.random() < 0.6:
        changed = mark(changed, rng)
    return np.asarray(changed, np.uint8)


def even(names: NDArray[np.str_], power: float) -> NDArray[np.float64]:
    """Return weights that sum to 1, where a name weighs as its count to a power."""
    _, which, counts = np.unique(names, return_inverse=True, return_counts=True)
    weights = (counts**power / counts)[which]
    even: NDArray[np.float64] = weights / weights.sum()
    return even
