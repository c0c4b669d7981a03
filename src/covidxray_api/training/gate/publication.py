"""From trials and a trained network to the gate that serves: weights, threshold, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from covidxray_api.consistency.gate import GateManifest, Signals, Weights
from covidxray_api.models.artefacts import hashed, new_version, write_manifest
from covidxray_api.models.manifest import COMPILED, WEIGHTS
from covidxray_api.training.gate.leave_one_out import TRIALS, Trial, write_trials
from covidxray_api.training.gate.rules import FINDINGS_OF_KINDS, RULES, TURNS
from covidxray_api.training.publishing.compilation import compile_network

REFUSED = 0.008
"""Share of films that the threshold refuses, of those that it is fitted on."""


def fit_weights(trials: Iterable[Trial]) -> Weights:
    """Weigh network, distance and similarity on images of kinds that the network has not seen.

    Parameters
    ----------
    trials : iterable of Trial
        Each without one kind of image; kinds weigh alike, and together as much as the films.
    """
    terms, is_film, weight = [], [], []
    for trial in trials:
        for rows, truth in ((trial.fitting, True), (trial.others, False)):
            terms += [Signals(*row).terms for row in rows]
            is_film += [truth] * len(rows)
            weight += [1 / len(rows)] * len(rows)
    weighed = np.array(weight) * len(weight) / sum(weight)
    fitted = LogisticRegression(max_iter=1000).fit(terms, is_film, sample_weight=weighed)
    frontal, distance, ssim = map(float, fitted.coef_[0])
    return Weights(frontal=frontal, distance=distance, ssim=ssim, bias=float(fitted.intercept_[0]))


def scores(weights: Weights, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the score of many images; see `Weights.score`."""
    return np.array([weights.score(Signals(*row)) for row in signals.astype(float)])


def fit_threshold(weights: Weights, trials: Iterable[Trial]) -> float:
    """Return the threshold that refuses few films, by the gates of the trials.

    They were trained for less long than the gate that serves, which is the surer and refuses fewer.

    Parameters
    ----------
    weights : Weights
        See `fit_weights`.
    trials : iterable of Trial
        Each without one kind of image.
    """
    of_films = np.concatenate([scores(weights, trial.fitting) for trial in trials])
    return float(np.quantile(of_films, REFUSED))


def write_gate(
    network: keras.Model,
    folder: Path,
    weights: Weights,
    threshold: float,
    trials: Mapping[str, Trial],
    training: Mapping[str, Any],
) -> GateManifest:
    """Store a gate as the next version.

    Parameters
    ----------
    network : keras.Model
        What `fit_gate` returned.
    folder : Path
        Holds a folder for each version.
    weights : Weights
        See `fit_weights`.
    threshold : float
        See `fit_threshold`.
    trials : mapping of str to Trial
        By what was left out.
    training : mapping
        What it was trained on, and how.
    """
    height, width = network.input_shape[1:3]
    with new_version(folder) as draft:
        network.save(draft.folder / WEIGHTS)
        compile_network(network, draft.folder / COMPILED)
        write_trials(trials, draft.folder)
        manifest = GateManifest(
            version=draft.version,
            input_size=(height, width),
            kinds=FINDINGS_OF_KINDS,
            turns=TURNS,
            weights=weights,
            threshold=threshold,
            threshold_rule=f"refuses {REFUSED:.1%} of films of patients that training has not seen,"
            " by gates trained without one kind of image",
            rules=RULES,
            training=training,
            files=hashed(draft.folder, COMPILED),
            training_files=hashed(draft.folder, WEIGHTS, TRIALS),
        )
        write_manifest(manifest, draft.folder)
    return manifest
