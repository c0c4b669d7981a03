"""The evaluation of explanations as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from covidxray_api.explanation import MARGIN
from covidxray_api.training.evaluation.saliency import BLUR, SHARES
from covidxray_api.training.pages.render import render

mpl.use("Agg")


def draw_faithfulness(report: Mapping[str, Any], path: Path) -> None:
    """Draw how the answer falls as radiographs are covered, and rises as they are uncovered."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    names = (
        "covered, marked most first",
        "covered, the map moved elsewhere",
        "uncovered, marked most first",
        "uncovered, the map moved elsewhere",
    )
    for axes, curves in zip(figure.subplots(1, 2), (slice(0, 2), slice(2, 4)), strict=True):
        for name, curve in zip(names[curves], report["curves"][curves], strict=True):
            axes.plot([100 * share for share in SHARES], curve, label=name)
        axes.set(xlabel="% of the radiograph", ylabel="probability of the label", ylim=(0, 1))
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def faithfulness_page(report: Mapping[str, Any]) -> str:
    """Return the evaluation as Markdown.

    Parameters
    ----------
    report : mapping
        What `run_explanation_evaluation` wrote.
    """
    return render("explanation", report=report, blur=BLUR, margin=MARGIN)
