"""Storing a trained gate as the next version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from covidxray_api.consistency.gate import GateManifest, Weights
from covidxray_api.models.artefacts import hashed, new_version, write_manifest
from covidxray_api.models.manifest import COMPILED, WEIGHTS
from covidxray_api.training.gate.leave_one_out import SIGNALS, LeaveOneOut, write_signals
from covidxray_api.training.gate.rules import FINDINGS_OF_KINDS, RULES, TURNS
from covidxray_api.training.gate.scoring import REFUSED
from covidxray_api.training.publishing.compilation import compile_network


def write_gate(
    network: keras.Model,
    folder: Path,
    weights: Weights,
    threshold: float,
    runs: Mapping[str, LeaveOneOut],
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
    runs : mapping of str to LeaveOneOut
        By what was left out.
    training : mapping
        What it was trained on, and how.
    """
    height, width = network.input_shape[1:3]
    with new_version(folder) as draft:
        network.save(draft.folder / WEIGHTS)
        compile_network(network, draft.folder / COMPILED)
        write_signals(runs, draft.folder)
        manifest = GateManifest(
            version=draft.version,
            input_size=(height, width),
            kinds=FINDINGS_OF_KINDS,
            turns=TURNS,
            weights=weights,
            threshold=threshold,
            threshold_rule=f"refuses {REFUSED:.1%} of radiographs of patients that training has not"
            " seen, by gates trained without one kind of image",
            rules=RULES,
            training=training,
            files=hashed(draft.folder, COMPILED),
            training_files=hashed(draft.folder, WEIGHTS, SIGNALS),
        )
        write_manifest(manifest, draft.folder)
    return manifest
