"""What `covidxray lungs train` does, once its options are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.errors import DatasetError
from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.lungs import FINDERS, LungFinderManifest, at_strongest, certainty, expected_dice
from covidxray_api.models.artefacts import hashed, new_version, write_manifest
from covidxray_api.models.manifest import COMPILED, WEIGHTS
from covidxray_api.models.store import ModelStore
from covidxray_api.training.data.dataset import DETAIL, read_dataset
from covidxray_api.training.data.lung_masks import Origins, origins, read_lung_masks
from covidxray_api.training.data.sources import DATA_SETS
from covidxray_api.training.evaluation.lungs import (
    RIGHT,
    Statements,
    evaluate_lungs,
    evaluate_statements,
    how_often_right,
    maps_of,
)
from covidxray_api.training.fitting.lungs import SIZE, dice_of, fit_lung_finder, lungs_on
from covidxray_api.training.pages.lungs import lungs_page
from covidxray_api.training.publishing.compilation import compile_network

SEED = 2021

NOT_FOUND = 0.01
"""Share of radiographs of hospitals not seen on which no lungs are to be found."""

Images = NDArray[np.uint8]


def run_lung_training(
    data: Path,
    masks: Path,
    store: ModelStore,
    name: str,
    reference: Path,
    epochs: int,
    output: Path,
) -> LungFinderManifest:
    """Train a lung finder, and one without each hospital; fit its rule, judge it and store it.

    Parameters
    ----------
    data : Path
        Folder of radiographs, by which hospitals and patients are known.
    masks : Path
        Radiographs with drawn lungs; see `lung_masks.read_lung_masks`.
    store : ModelStore
        Where the model is whose maps it is judged by.
    name : str
        Its name.
    reference : Path
        Folder of the mean radiograph; the lung finder goes into its ``lungs``.
    epochs : int
        Rounds that each network is trained.
    output : Path
        Folder for ``lungs.md``; the report goes into its ``evaluation``.

    Raises
    ------
    DatasetError
        If the data cannot be read, the lungs are of one hospital alone, or no map of the model
        passes its test.
    """
    model = ModelRegistry(store, name).get()
    images, drawn = read_lung_masks(masks, DETAIL)
    small, small_drawn = read_lung_masks(masks, SIZE)
    known = origins(images, read_dataset(data))
    hospitals = np.array([DATA_SETS.hospital(source) for source in known.sources])
    found = _left_out(small, small_drawn, hospitals, epochs)
    least = float(np.quantile([expected_dice(each) for each in found], NOT_FOUND))
    statements = _statements(maps_of(model, images), found, least, drawn, known, hospitals)
    network, home = _trained(small, small_drawn, known, epochs)
    figures = evaluate_statements(statements)
    manifest = _stored(network, reference / FINDERS, least, statements, figures["all"], home)
    report = {
        "version": manifest.version,
        "input_size": SIZE,
        "hospitals": {
            str(hospital): np.unique(known.sources[hospitals == hospital]).tolist()
            for hospital in np.unique(hospitals)
        },
        "dice": evaluate_lungs(found, small_drawn > 127, known.sources, known.groups),
        "home": home,
        "model": {"name": name, "version": model.manifest.version},
        "least_expected_dice": manifest.least_expected_dice,
        "least_certainty": manifest.least_certainty,
        "rules": dict(manifest.rules),
        "sources": figures,
    }
    folder = output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lungs.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (output / "lungs.md").write_text(lungs_page(report), encoding="utf-8")
    Console().print(report["dice"], figures)
    return manifest


def _left_out(
    images: Images, drawn: Images, hospitals: NDArray[np.str_], epochs: int
) -> NDArray[np.float32]:
    """Return the lungs that are found by networks which have not seen the hospital."""
    found = np.zeros(images.shape, np.float32)
    for hospital in np.unique(hospitals):
        away = hospitals == hospital
        if away.all():
            raise DatasetError("one_hospital", name=str(hospital))
        network = fit_lung_finder(images[~away], drawn[~away], epochs, f"without {hospital}")
        found[away] = lungs_on(network, images[away])
    return found


def _trained(
    images: Images, drawn: Images, known: Origins, epochs: int
) -> tuple[keras.Model, dict[str, Any]]:
    """Return the network that serves, and how well it finds lungs of patients held out."""
    folds = StratifiedGroupKFold(10, shuffle=True, random_state=SEED)
    train, held_out = next(folds.split(images, known.sources, known.groups))
    network = fit_lung_finder(images[train], drawn[train], epochs, "lung finder")
    dice = dice_of(lungs_on(network, images[held_out]) >= 0.5, drawn[held_out] > 127)
    return network, {
        "films": dict(Counter(known.sources[train].tolist())),
        "held_out_films": len(held_out),
        "dice": float(dice.mean()),
        "epochs": epochs,
    }


def _statements(
    maps: list[NDArray[np.float32] | None],
    found: NDArray[np.float32],
    least: float,
    drawn: Images,
    known: Origins,
    hospitals: NDArray[np.str_],
) -> Statements:
    """Return what is to be said of the maps that pass their test."""
    rows = np.array([row for row, each in enumerate(maps) if each is not None], dtype=np.intp)
    shown = [(each, row) for row, each in enumerate(maps) if each is not None]
    if not shown:
        raise DatasetError("no_maps")
    share = np.array([at_strongest(each, found[row]) for each, row in shown])
    looked = np.array([expected_dice(found[row]) >= least for row in rows])
    return Statements(
        sources=known.sources[rows],
        hospitals=hospitals[rows],
        groups=known.groups[rows],
        certainty=looked * np.array([certainty(each) for each in share]),
        inside=share >= 0.5,
        drawn=np.array([at_strongest(each, drawn[row] / 255) >= 0.5 for each, row in shown]),
    )


def _stored(
    network: keras.Model,
    folder: Path,
    least: float,
    statements: Statements,
    figures: Mapping[str, Any],
    training: Mapping[str, Any],
) -> LungFinderManifest:
    """Store the network and its rule as the next version."""
    with new_version(folder) as draft:
        network.save(draft.folder / WEIGHTS)
        compile_network(network, draft.folder / COMPILED)
        manifest = LungFinderManifest(
            version=draft.version,
            input_size=SIZE,
            least_expected_dice=least,
            least_certainty=statements.least_certainty,
            rules={
                "least_expected_dice": f"that of {1 - NOT_FOUND:.0%} of radiographs, by lung"
                " finders trained without the hospital",
                "least_certainty": f"the least from which on {RIGHT:.0%} of statements are right,"
                " by lung finders trained without the hospital",
            },
            right=how_often_right(figures),
            training=training,
            files=hashed(draft.folder, COMPILED),
            training_files=hashed(draft.folder, WEIGHTS),
        )
        write_manifest(manifest, draft.folder)
    return manifest
