"""The evaluation of explanations as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from covidxray_api.training.evaluation.saliency import BLUR, SHARES

mpl.use("Agg")


def draw_faithfulness(report: Mapping[str, Any], path: Path) -> None:
    """Draw how the answer falls as films are covered, and rises as they are uncovered."""
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
        axes.set(xlabel="% of the film", ylabel="probability of the label", ylim=(0, 1))
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
    return "\n".join(
        [
            "# Why: the map over a film",
            "",
            "`POST /explain` answers as `/predict` does, and adds where the network found what",
            "speaks for the label: HiResCAM (Draelos & Carin 2020), the gradient of the label's",
            "logit against the mean of the others times the feature map, at 14 × 14 cells. The",
            "gradient is part of the compiled network: no TensorFlow is needed, and a prediction",
            "does not pay for it.",
            "",
            "A map is shown only if it passes a test on the very film: covering the fifth that it",
            "marks most, with the film's mean, must lower the label's probability by more than",
            "covering the same shape in four other places does on average. Otherwise it is",
            "withheld, and the answer says so. **A map shows what the network used, not where",
            "disease is**: a network that has learned where films come from marks that.",
            "",
            "Made by `covidxray evaluate explanation`, for "
            f"`{report['model']}` {report['version']}: held-out films of its own split.",
            "",
            "| predicted label | n | map passes its test | drop, marked fifth covered |"
            " drop, elsewhere | deletion AUC (elsewhere) | insertion AUC (elsewhere) |",
            "|---|---|---|---|---|---|---|",
            *(_row(label, found) for label, found in report["labels"].items()),
            "",
            "Deletion: less is better. Insertion: more is better; it begins with the film blurred",
            f"by {BLUR:g} pixels. “Elsewhere” is the same map moved by a third of the film, round",
            "its edges. In brackets behind the share, its 95 % bootstrap interval.",
            "",
            "![Covering and uncovering](evaluation/explanation.png)",
            "",
            "## Inside the lungs",
            "",
            "Films with drawn lungs (children and adults, some of them films of training), maps",
            "that pass their test. A map that knows nothing would lie inside the lungs by their",
            "share of the film.",
            "",
            "| predicted label | n | share of the map inside | strongest cell inside |"
            " lungs' share of the film |",
            "|---|---|---|---|---|",
            *(
                f"| {label} | {found['n']:,} | {found['inside']:.1%} | {found['peak']:.1%} |"
                f" {found['area']:.1%} |"
                for label, found in report["lungs"].items()
            ),
            "",
        ]
    )


def _row(label: str, found: Mapping[str, Any]) -> str:
    holds = found["holds"]
    return (
        f"| {label} | {found['n']:,}"
        f" | {holds['value']:.1%} ({100 * holds['low']:.1f}–{100 * holds['high']:.1f})"
        f" | {found['drop']:.3f} | {found['random_drop']:.3f}"
        f" | {found['deletion']:.3f} ({found['deletion_elsewhere']:.3f})"
        f" | {found['insertion']:.3f} ({found['insertion_elsewhere']:.3f}) |"
    )
