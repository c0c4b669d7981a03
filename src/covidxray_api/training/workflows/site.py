"""What `covidxray evaluate site` does, once its options are read."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from covidxray_api.models.artefacts import EVIDENCE, write_json
from covidxray_api.models.drift import EVIDENCE as DRIFT
from covidxray_api.models.manifest import BALANCED
from covidxray_api.models.site import EVIDENCE as KNOWN_HOSPITALS
from covidxray_api.models.site import ModelVersion
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings
from covidxray_api.training.data.dataset import read_dataset
from covidxray_api.training.data.split import repeat_split
from covidxray_api.training.evaluation.site import (
    drift_reference,
    evaluate_sites,
    score_hospitals,
    summarised,
)
from covidxray_api.training.pages.site import draw_sites, site_page


def run_site_evaluation(data: Path, settings: Settings, output: Path) -> None:
    """Measure what site calibration of the default model is worth, and write page and figures.

    The model's evidence gets what profiles are compared with.

    Parameters
    ----------
    data : Path
        The folder of radiographs that it was trained from.
    settings : Settings
        Name the model and where it is.
    output : Path
        Folder for ``site.md``; report and figure go into its ``evaluation``.
    """
    screener = Screener.from_settings(settings)
    stored = screener.models.get().stored
    manifest = stored.manifest
    images = read_dataset(data)
    trained_on, held_out, _ = repeat_split(images, manifest.training, manifest.name)
    hospitals = score_hospitals(screener, trained_on, held_out, images)
    known = summarised(hospitals).model_dump(mode="json")
    drift = drift_reference(hospitals)
    measured = {KNOWN_HOSPITALS: known}
    if drift:
        measured[DRIFT] = drift.model_dump(mode="json")
    write_json(stored.folder / EVIDENCE, stored.evidence | measured)
    model = ModelVersion(name=manifest.name, version=manifest.version, sha256=stored.sha256)
    balanced = manifest.operating_points[BALANCED]
    report = {
        "model": manifest.name,
        "version": manifest.version,
        **evaluate_sites(hospitals, model, balanced.weights[balanced.target]),
    }
    folder = output / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    draw_sites(report, folder / "site.png")
    (output / "site.md").write_text(site_page(report), encoding="utf-8")
    Console().print(report["left_out"])
