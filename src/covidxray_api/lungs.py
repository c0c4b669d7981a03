"""Where the lungs are, which a small network finds, and whether a map is strongest inside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.inference.engine import Engine
from covidxray_api.models.evidence import Share
from covidxray_api.models.manifest import COMPILED
from covidxray_api.models.newest import NetworkManifest, read_newest
from covidxray_api.models.signatures import TrustedKeys
from covidxray_api.preprocessing import preprocess

FINDERS = "lungs"
"""Folder of the lung finders in that of the reference; holds a folder for each version."""

Place = Literal["inside_lungs", "outside_lungs", "undetermined"]
"""Where the strongest cell of a map lies."""

Outline = tuple[tuple[float, float], ...]
"""The corners of a closed polygon: x and y, as shares of an image's width and height from its upper
left."""

SCALE = 8
"""How much larger than the network's picture of the lungs that is in which they are outlined."""

LEAST_AREA = 0.005
"""Share of the image below which what is found is no lung."""

TOLERANCE = 0.004
"""How far an outline may be from what is found, as a share of the image's side."""


class LungFinderManifest(NetworkManifest):
    """What the lung finder says of itself."""

    least_expected_dice: float
    """Least `expected_dice` at which lungs are found."""

    least_certainty: float
    """Least `certainty` at which it is said whether a cell lies in them."""

    rules: Mapping[str, str]
    """How each of the two was chosen."""

    right: Mapping[Place, Share]
    """How often it was right to say so of maps, at hospitals left out of training and rule."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a map is strongest."""

    place: Place

    right: Share | None
    """How often such statements were right; none if it is undetermined."""

    lung_finder: str
    """Version of what found the lungs."""


@dataclass(frozen=True)
class LungFinder:
    """Finds the lungs; its network is loaded when it is first asked.

    Parameters
    ----------
    manifest : LungFinderManifest
        Its rule, and how often it was right.
    network : Path
        The compiled network.
    make_engine : callable
        Makes the engine of a compiled network.
    """

    manifest: LungFinderManifest
    network: Path
    make_engine: Callable[[Path], Engine]

    @classmethod
    def load(
        cls, folder: Path, make_engine: Callable[[Path], Engine], keys: TrustedKeys | None = None
    ) -> LungFinder | None:
        """Read the newest lung finder that `covidxray lungs train` wrote; None if there is none.

        Parameters
        ----------
        folder : Path
            Folder of the mean radiograph, with the lung finders in its ``lungs``.
        make_engine : callable
            Makes the engine of a compiled network.
        keys : TrustedKeys, optional
            One of them has to have signed it.

        Raises
        ------
        CorruptArtefact
            If a file is missing or differs from what was written, or the signature that is asked
            for is missing or wrong.
        """
        newest = read_newest(folder / FINDERS, LungFinderManifest, keys)
        if newest is None:
            return None
        home, manifest = newest
        return cls(manifest, home / COMPILED, make_engine)

    @cached_property
    def _engine(self) -> Engine:
        return self.make_engine(self.network)

    def find(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probability of lung, shape `input_size`, on an upright image of any size."""
        found: NDArray[np.float32] = self._engine.infer(
            preprocess([pixels], self.manifest.input_size)
        )[0, ..., 0]
        return found

    def spot(self, lungs: NDArray[np.float32], found: NDArray[np.float32]) -> Spot:
        """Tell where a map is strongest.

        Parameters
        ----------
        lungs : ndarray of float32, shape (height, width)
            Probability of lung on an image; see `find`.
        found : ndarray of float32, shape (rows, columns)
            The image's map.
        """
        manifest = self.manifest
        share = at_strongest(found, lungs)
        place: Place = "inside_lungs" if share >= 0.5 else "outside_lungs"
        if not self._found(lungs) or certainty(share) < manifest.least_certainty:
            place = "undetermined"
        return Spot(place, manifest.right.get(place), manifest.version)

    def outlines(self, lungs: NDArray[np.float32]) -> tuple[Outline, ...]:
        """Return the outlines of the lungs, the largest first; none where they were not found.

        Parameters
        ----------
        lungs : ndarray of float32, shape (height, width)
            Probability of lung on an image; see `find`.
        """
        return outlines(lungs) if self._found(lungs) else ()

    def _found(self, lungs: NDArray[np.float32]) -> bool:
        return expected_dice(lungs) >= self.manifest.least_expected_dice


def expected_dice(lungs: NDArray[np.float32]) -> float:
    """Return the Dice coefficient that found lungs are expected to have, if the network is right.

    Parameters
    ----------
    lungs : ndarray of float32, shape (height, width)
        Probability of lung.

    Returns
    -------
    float
        0 to 1; 0 where nothing is found.
    """
    inside = lungs >= 0.5
    return float(2 * lungs[inside].sum() / max(lungs.sum() + inside.sum(), 1e-9))


def at_strongest(found: NDArray[np.float32], lungs: NDArray[np.floating]) -> float:
    """Return how much of a map's strongest cell is lung.

    Parameters
    ----------
    found : ndarray of float32, shape (rows, columns)
        A map.
    lungs : ndarray of float, shape (height, width)
        Probability of lung, or 1 where it is drawn.
    """
    cells = cv2.resize(lungs, found.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(cells[np.unravel_index(found.argmax(), found.shape)])


def outlines(lungs: NDArray[np.floating]) -> tuple[Outline, ...]:
    """Return the outlines of what is lung with a probability of a half or more, the largest first.

    Borders are followed (Suzuki and Abe 1985), and drawn with as few corners as stay within
    `TOLERANCE` of them (Douglas and Peucker 1973).

    Parameters
    ----------
    lungs : ndarray of float32, shape (height, width)
        Probability of lung.
    """
    size = (lungs.shape[1] * SCALE, lungs.shape[0] * SCALE)
    larger = cv2.resize(lungs, size, interpolation=cv2.INTER_CUBIC)
    borders, _ = cv2.findContours(
        (larger >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    least = LEAST_AREA * larger.size
    found = sorted(
        (border for border in borders if cv2.contourArea(border) >= least),
        key=cv2.contourArea,
        reverse=True,
    )
    return tuple(
        tuple(
            (round((x + 0.5) / size[0], 4), round((y + 0.5) / size[1], 4))
            for x, y in cv2.approxPolyDP(border, TOLERANCE * max(size), closed=True)[:, 0].tolist()
        )
        for border in found
    )


def certainty(share: float) -> float:
    """Return how certain it is whether a cell is lung of which a share is, 0.5 to 1."""
    return max(share, 1 - share)
