"""The gate: a small network and SSIM decide together what is a frontal chest radiograph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covidxray_api.consistency.check import Consistency
from covidxray_api.consistency.quality import Finding, Rule, quality
from covidxray_api.consistency.ssim import Reference
from covidxray_api.errors import CorruptArtefact
from covidxray_api.inference.engine import Engine
from covidxray_api.models.artefacts import Declaration
from covidxray_api.models.manifest import COMPILED
from covidxray_api.models.newest import NetworkManifest, read_newest
from covidxray_api.models.signatures import TrustedKeys
from covidxray_api.preprocessing import preprocess
from covidxray_api.radiograph import Radiograph

GATES = "gate"
"""Folder of the gates in that of the reference; holds a folder for each version."""

INVERTED = "inverted"


class Signals(NamedTuple):
    """What the decision rests on."""

    frontal: float
    """Probability of a frontal radiograph, by the network."""

    distance: float
    """Mahalanobis distance of the network's features to those of images, over the root of their
    number: near 1 for an image, more for anything else (Lee et al. 2018, eq. 2)."""

    ssim: float
    """Structural similarity to the mean radiograph."""

    @property
    def terms(self) -> tuple[float, float, float]:
        """Logit of the probability, logarithm of the distance, and similarity."""
        certain = min(max(self.frontal, 1e-6), 1 - 1e-6)
        return math.log(certain / (1 - certain)), math.log(max(self.distance, 1e-6)), self.ssim


class Weights(Declaration):
    """A logistic regression on the terms of `Signals`."""

    frontal: float
    """Weight of the logit of the probability."""

    distance: float
    """Weight of the logarithm of the distance."""

    ssim: float
    """Weight of the similarity."""

    bias: float
    """What is added."""

    def score(self, signals: Signals) -> float:
        """Return how sure it is that the image is a frontal radiograph, 0 to 1."""
        frontal, distance, ssim = signals.terms
        total = self.frontal * frontal + self.distance * distance + self.ssim * ssim + self.bias
        return 1 / (1 + math.exp(-total))


class GateManifest(NetworkManifest):
    """What the gate says of itself."""

    kinds: Mapping[str, str | None]
    """What the network tells apart, in the order of its outputs, and the finding by which an image
    of that kind is refused, if there is one; the first is a frontal chest radiograph."""

    turns: tuple[int, ...]
    """Degrees by which a radiograph may lie turned clockwise, in the order of the outputs, which
    follow those of the kinds; then come the probability of inversion and the distance."""

    weights: Weights
    """How network and similarity are weighed."""

    threshold: float
    """Least score of a frontal chest radiograph."""

    threshold_rule: str
    """How the threshold was chosen."""

    rules: Mapping[str, Rule]
    """What is found and what follows, by the code of the finding."""


class Look(NamedTuple):
    """What the network says of one image."""

    kinds: NDArray[np.float32]
    """Probability of each of the manifest's `kinds`."""

    turns: NDArray[np.float32]
    """Probability of each of the manifest's `turns`."""

    inverted: float
    """Probability that black and white are exchanged."""

    distance: float
    """See `Signals`."""

    @property
    def frontal(self) -> float:
        """Probability of a frontal radiograph, whichever way it lies."""
        return float(self.kinds[0])


@dataclass(frozen=True, slots=True)
class Gate:
    """Decides what is a frontal chest radiograph, and undoes what can be undone.

    Parameters
    ----------
    manifest : GateManifest
        Weights, thresholds and rules.
    engine : Engine
        Computes the network; its outputs are those that the manifest names.
    reference : Reference
        The mean radiograph.
    """

    manifest: GateManifest
    engine: Engine
    reference: Reference

    @classmethod
    def load(
        cls, folder: Path, engine: Callable[[Path], Engine], keys: TrustedKeys | None = None
    ) -> Gate:
        """Read the newest gate that `covidxray gate train` wrote.

        Parameters
        ----------
        folder : Path
            Folder of the mean radiograph, with the gates in its ``gate``.
        engine : callable
            Makes the engine of a compiled network.
        keys : TrustedKeys, optional
            One of them has to have signed the gate and the mean radiograph.

        Raises
        ------
        CorruptArtefact
            If there is none, or a file is missing or differs from what was written, or a signature
            that is asked for is missing or wrong.
        """
        reference = Reference.load(folder, keys)
        newest = read_newest(folder / GATES, GateManifest, keys)
        if newest is None:
            raise CorruptArtefact("no_gate", path=folder)
        home, manifest = newest
        return cls(manifest, engine(home / COMPILED), reference)

    @property
    def side(self) -> int:
        """Largest height or width, in pixels, at which images are looked at."""
        return max(self.reference.side, *self.manifest.input_size)

    @property
    def version(self) -> str:
        """Version of the gate."""
        return self.manifest.version

    def look(self, pixels: NDArray[np.uint8]) -> Look:
        """Return what the network says of an image of any size."""
        answers = self.engine.infer(preprocess([pixels], self.manifest.input_size))[0]
        kinds, turns, (inverted, distance) = np.split(
            answers,
            [len(self.manifest.kinds), len(self.manifest.kinds) + len(self.manifest.turns)],
        )
        return Look(kinds, turns, float(inverted), float(distance))

    def corrected(self, pixels: NDArray[np.uint8]) -> tuple[Look, NDArray[np.uint8], list[str]]:
        """Turn an image upright and make its lungs dark, where it is an image once that is done.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width)
            Any image.

        Returns
        -------
        Look
            What the network says of the image that follows.
        ndarray of uint8
            The image, corrected or as it was.
        list of str
            Codes of what was undone.
        """
        look = self.look(pixels)
        changes, changed = self._undone(look, pixels)
        if changes:
            again = self.look(changed)
            # The network must find the corrected image in order, or it has found nothing.
            if again.frontal >= 0.5 and not self._undone(again, changed)[0]:
                return again, changed, changes
        return look, pixels, []

    def signals(self, look: Look, pixels: NDArray[np.uint8]) -> Signals:
        """Return what the decision on an image rests on."""
        return Signals(look.frontal, look.distance, self.reference.similarity(pixels))

    def check(self, radiograph: Radiograph) -> tuple[Consistency, Radiograph]:
        """Judge an image.

        Parameters
        ----------
        radiograph : Radiograph
            Any image.

        Returns
        -------
        Consistency
            The judgement.
        Radiograph
            The image as it is to be classified: upright, and lungs dark.
        """
        rules = self.manifest.rules
        found = quality(radiograph, rules)
        look, pixels, changes = self.corrected(radiograph.pixels)
        found += [Finding(code, rules[code].action) for code in changes]
        signals = self.signals(look, pixels)
        score = self.manifest.weights.score(signals)
        consistent = score >= self.manifest.threshold
        if not consistent:
            found += self._shown(look)
        refused = any(finding.action == "refused" for finding in found)
        return (
            Consistency(
                ssim=signals.ssim,
                threshold=self.reference.threshold,
                consistent=consistent and not refused,
                score=score,
                least_score=self.manifest.threshold,
                gate=self.manifest.version,
                findings=tuple(dict.fromkeys(found)),
                quarter_turns=next(
                    (t // 90 for t in self.manifest.turns if f"rotated_{t}" in changes), 0
                ),
            ),
            replace(radiograph, pixels=pixels),
        )

    def _undone(self, look: Look, pixels: NDArray[np.uint8]) -> tuple[list[str], NDArray[np.uint8]]:
        """Return what is to be undone, and the image with it undone."""
        rules, changes = self.manifest.rules, []
        turn = self.manifest.turns[int(look.turns.argmax())]
        if turn and look.turns.max() >= rules[f"rotated_{turn}"].limit:
            changes.append(f"rotated_{turn}")
            pixels = np.ascontiguousarray(np.rot90(pixels, turn // 90))
        if look.inverted >= rules[INVERTED].limit:
            changes.append(INVERTED)
            pixels = 255 - pixels
        return changes, pixels

    def _shown(self, look: Look) -> list[Finding]:
        """Return what a refused image shows instead, where the network is sure of it."""
        code = list(self.manifest.kinds.values())[int(look.kinds.argmax())]
        if code is None or look.kinds.max() < self.manifest.rules[code].limit:
            return []
        return [Finding(code, self.manifest.rules[code].action)]
