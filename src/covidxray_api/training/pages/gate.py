"""The gate's evaluation as a page, a card and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from covidxray_api.consistency.gate import GateManifest
from covidxray_api.training.data.sources import DATA_SETS, LATERAL
from covidxray_api.training.pages.render import render

mpl.use("Agg")


def gate_page(report: Mapping[str, Any]) -> str:
    """Return the evaluation as Markdown.

    Parameters
    ----------
    report : mapping
        What `evaluate_gate` returned.
    """
    return render("gate", report=report, **_rows(report))


def gate_card(manifest: GateManifest, report: Mapping[str, Any]) -> str:
    """Return the gate's card as Markdown.

    Parameters
    ----------
    manifest : GateManifest
        What the gate says of itself.
    report : mapping
        What `evaluate_gate` returned.
    """
    laterals = manifest.training["other_images"].get(LATERAL, 0)
    return render("gate_card", manifest=manifest, laterals=laterals, report=report, **_rows(report))


def _rows(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what was found by source, and by tier and kind of the other images, by row."""
    by_kind = report["kinds"]
    return {
        "sources": {"all": report["films"]}
        | {
            f"{source} (children)" if found.get("children") else source: found
            for source, found in report["films_by_source"].items()
        },
        "kinds": {f"**{tier}** (mean)": found for tier, found in report["tiers"].items()}
        | {
            f"{kind} ({tier})": by_kind[kind]
            for tier, kinds in DATA_SETS.other_images.tiers.items()
            for kind in kinds
            if kind in by_kind
        },
    }


def draw_gate(found: Mapping[str, Any], path: Path) -> None:
    """Draw histograms of score and similarity, and ROC curves for kinds left out.

    Parameters
    ----------
    found : mapping
        The `scores` that `evaluate_gate` returned.
    path : Path
        PNG to write.
    """
    figure = Figure(figsize=(18, 5), layout="constrained")
    by_score, by_ssim, roc = figure.subplots(1, 3)
    for axes, radiographs, others, title in (
        (by_score, found["films"], found["others"], "score (kinds left out)"),
        (by_ssim, found["films_ssim"], found["others_ssim"], "SSIM"),
    ):
        low = min(0.0, *radiographs)
        bins = np.linspace(low, 1, 60)
        axes.hist(
            radiographs,
            bins,
            density=True,
            alpha=0.5,
            label=f"radiographs (n = {len(radiographs)})",
        )
        for tier, kinds in DATA_SETS.other_images.tiers.items():
            values = [value for kind in kinds for value in others.get(kind, [])]
            axes.hist(values, bins, density=True, alpha=0.5, label=f"{tier} (n = {len(values)})")
            truth = np.r_[np.ones(len(radiographs)), np.zeros(len(values))]
            if values:
                false_positive, true_positive, _ = roc_curve(truth, np.r_[radiographs, values])
                roc.plot(1 - true_positive, false_positive, label=f"{tier}, {title}")
        axes.set(title=title, yscale="log", xlabel=title, ylabel="density")
        axes.legend()
    roc.set(
        title="Radiographs refused against other images accepted",
        xlabel="share of held-out radiographs refused",
        ylabel="share of other images accepted",
        xlim=(0, 0.1),
        ylim=(0, 0.3),
    )
    roc.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
