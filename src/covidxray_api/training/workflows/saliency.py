"""What `covidxray evaluate explanation` does, once its options are read."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.models.artefacts import EVIDENCE, write_json
from covidxray_api.models.evidence import OUTSIDE_LUNGS
from covidxray_api.models.store import ModelStore
from covidxray_api.training.data.dataset import load_pixels, read_dataset
from covidxray_api.training.data.lung_masks import read_lung_masks
from covidxray_api.training.evaluation.classifier import predict_unseen
from covidxray_api.training.evaluation.saliency import (
    faithfulness,
    inside_lungs,
    outside_share,
)
from covidxray_api.training.pages.saliency import draw_faithfulness, faithfulness_page

IMAGES = 1000
"""Held-out radiographs that are covered and uncovered."""


def run_explanation_evaluation(
    data: Path, masks: Path, store: ModelStore, name: str, output: Path
) -> None:
    """Measure what the maps of a stored model are worth, and write page, figures and evidence.

    Parameters
    ----------
    data : Path
        The folder of radiographs that it was trained from.
    masks : Path
        Radiographs with drawn lungs; see `lung_masks.read_lung_masks`.
    store : ModelStore
        Where the model is.
    name : str
        Its name.
    output : Path
        Folder for ``explanation.md``; report and figure go into its ``evaluation``.
    """
    model = ModelRegistry(store, name).get()
    size = model.manifest.input_size
    images = read_dataset(data)
    sample = predict_unseen(model, images, load_pixels(images, size)).sample(IMAGES)
    report = {
        "model": name,
        "version": model.manifest.version,
        **faithfulness(model, load_pixels(sample, size), [image.group for image in sample]),
        "lungs": inside_lungs(model, *read_lung_masks(masks, size)),
    }
    outside = {
        code: outside_share(found) for code, found in report["lungs"].items() if code != "all"
    }
    write_json(model.stored.folder / EVIDENCE, model.stored.evidence | {OUTSIDE_LUNGS: outside})
    folder = output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "explanation.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    draw_faithfulness(report, folder / "explanation.png")
    (output / "explanation.md").write_text(faithfulness_page(report), encoding="utf-8")
    Console().print(report["labels"], report["lungs"])
