"""How often it is right to say of a map that it is strongest inside, or outside, the lungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.explanation import explain
from covidxray_api.inference import LoadedModel
from covidxray_api.lungs import Place
from covidxray_api.models.evidence import Share
from covidxray_api.radiograph import Radiograph
from covidxray_api.training.evaluation.metrics import bootstrap, proportion
from covidxray_api.training.fitting.lungs import dice_of

RIGHT = 0.95
"""Share of the statements that are to be right."""

Hits = NDArray[np.bool_]


def maps_of(model: LoadedModel, images: NDArray[np.uint8]) -> list[NDArray[np.float32] | None]:
    """Return the maps of the predicted labels of radiographs; none where it fails its test.

    Parameters
    ----------
    model : LoadedModel
        A model whose compiled network explains.
    images : ndarray of uint8, shape (n, height, width)
        Upright radiographs.
    """
    labels = model.manifest.labels
    found = []
    for image in track(images, "Maps"):
        radiograph = Radiograph(image, "image/jpeg")
        column = int(model.calibrated(model.tensor(radiograph))[0].argmax())
        found.append(explain(model, radiograph, labels[column].code).map)
    return found


@dataclass(frozen=True)
class Statements:
    """What networks that had not seen the hospital say of maps; a row a map."""

    sources: NDArray[np.str_]
    hospitals: NDArray[np.str_]
    """Name of the hospitals that the network was trained without."""

    groups: NDArray[np.str_]
    """Patient of each."""

    certainty: NDArray[np.float64]
    """See `lungs.certainty`; 0 where no lungs are found."""

    inside: Hits
    """Whether the map is said to be strongest inside the lungs."""

    drawn: Hits
    """Whether it is, by the lungs as drawn."""

    @property
    def right(self) -> Hits:
        """Whether it is right to say so."""
        right: Hits = self.inside == self.drawn
        return right

    @property
    def least_certainty(self) -> float:
        """The least certainty from which on `RIGHT` of the statements are right."""
        return self._least_certainty(np.ones(len(self.right), dtype=np.bool_))

    def said(self) -> Hits:
        """Return what is said at a least certainty that the hospital has had no part in."""
        said = np.zeros(len(self.right), dtype=np.bool_)
        for hospital in np.unique(self.hospitals):
            here = self.hospitals == hospital
            said[here] = self.certainty[here] >= self._least_certainty(~here)
        return said

    def _least_certainty(self, rows: Hits) -> float:
        """Return it by some of the rows; where so many are never right, that of most."""
        order = np.argsort(-self.certainty[rows], kind="stable")
        right = np.cumsum(self.right[rows][order]) / np.arange(1, len(order) + 1)
        last = np.flatnonzero(right >= min(RIGHT, right.max()))[-1]
        return float(self.certainty[rows][order][last])

    def figures(self, rows: Hits) -> dict[str, Any]:
        """Return how often it is said, and right to say, of some of the rows.

        Returns
        -------
        dict
            `said`, the share of maps of which it is said; of those `right`, and of what is said
            `inside_lungs` and `outside_lungs`; `always`, the share that would be right if it were
            said of all. Each with interval and n; none where there is nothing to count.
        """
        said = self.said() & rows
        return {
            "said": self._share(said, rows),
            "right": self._share(self.right, said),
            "inside_lungs": self._share(self.right, said & self.inside),
            "outside_lungs": self._share(self.right, said & ~self.inside),
            "always": self._share(self.right, rows),
        }

    def _share(self, hits: Hits, rows: Hits) -> dict[str, Any] | None:
        return proportion(hits[rows], self.groups[rows])._asdict() if rows.any() else None


def evaluate_statements(statements: Statements) -> dict[str, Any]:
    """Return `Statements.figures` by source, and of all."""
    rows = {str(name): statements.sources == name for name in np.unique(statements.sources)}
    rows["all"] = np.ones(len(statements.right), dtype=np.bool_)
    return {name: statements.figures(chosen) for name, chosen in rows.items()}


def how_often_right(figures: Mapping[str, Any]) -> dict[Place, Share]:
    """Return what an answer states of `Statements.figures`."""
    places: tuple[Place, ...] = ("inside_lungs", "outside_lungs")
    return {place: Share(**figures[place]) for place in places if figures[place]}


def evaluate_lungs(
    found: NDArray[np.float32],
    drawn: NDArray[np.bool_],
    sources: NDArray[np.str_],
    groups: NDArray[np.str_],
) -> dict[str, Any]:
    """Return, by source, the mean Dice coefficient and what one in twenty does not reach.

    Parameters
    ----------
    found : ndarray of float32, shape (n, height, width)
        Probability of lung.
    drawn : ndarray of bool, shape (n, height, width)
        Where lung is drawn.
    sources, groups : ndarray of str, shape (n,)
        Source and patient of each radiograph.
    """
    dice = dice_of(found >= 0.5, drawn)
    rows = {str(name): sources == name for name in np.unique(sources)}
    rows["all"] = np.ones(len(dice), dtype=np.bool_)
    return {
        name: {
            "mean": bootstrap(partial(_mean, dice[here]), groups[here])._asdict(),
            "low": float(np.quantile(dice[here], 0.05)),
        }
        for name, here in rows.items()
    }


def _mean(values: NDArray[np.float64], drawn: NDArray[np.intp]) -> float:
    return float(values[drawn].mean())
