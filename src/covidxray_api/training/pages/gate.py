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
from covidxray_api.training.evaluation.gate import TIERS
from covidxray_api.training.gate.examples import LATERAL

mpl.use("Agg")


def gate_page(report: Mapping[str, Any]) -> str:
    """Return the evaluation as Markdown.

    Parameters
    ----------
    report : mapping
        What `evaluate_gate` returned.
    """
    return "\n".join(
        [
            f"# The gate, version {report['version']}",
            "",
            "Made by `covidxray evaluate gate`. In brackets the 95 % bootstrap interval and the",
            "number of images. **Left out**: images of a kind that neither the network behind the",
            "figure nor its weights were ever fitted on, at a threshold chosen on films alone. *As",
            "served*: the gate in the store, which has learned from these very images, though from",
            "no film of these patients. *SSIM*: the paper's rule, at the threshold that keeps 95 %",
            "of films, and at a fixed 0.60 as Chester has it (Cohen et al. 2020; there the",
            "similarity is to an autoencoder's output).",
            "",
            "![Scores, similarities and error trade-off](evaluation/gate.png)",
            "",
            *_figures(report),
        ]
    )


def gate_card(manifest: GateManifest, report: Mapping[str, Any]) -> str:
    """Return the gate's card as Markdown."""
    training = manifest.training
    weights = manifest.weights
    return "\n".join(
        [
            f"# The gate, version {manifest.version}",
            "",
            "A small network and the structural similarity to the mean radiograph decide together",
            "whether an image is one frontal chest radiograph; the network also tells which way it",
            "lies, and whether black and white are exchanged. It says nothing of disease.",
            "",
            "## Known limits",
            "",
            "- Kinds of image that are not listed here are unknown to it; the column *left out*",
            "  says how it fares with kinds that it has not seen.",
            "- Other anatomy that shows much of a chest, such as a film of a whole spine, is the",
            "  hardest.",
            "- A mirrored film is not found: hearts lie on the right in some patients.",
            f"- It has learned from {training['other_images'].get(LATERAL, 0)} lateral films.",
            "- It cannot tell a living patient's film from a phantom's.",
            "",
            "## What it is",
            "",
            f"Score = σ({weights.frontal:.3f} · logit of the network's probability"
            f" {weights.distance:+.3f} · logarithm of the distance of its features to those of"
            f" films {weights.ssim:+.3f} · SSIM {weights.bias:+.3f}). A film has at least"
            f" {manifest.threshold:.4f}, which {manifest.threshold_rule}.",
            "",
            "| finding | what follows | limit |",
            "|---|---|---|",
            *(
                f"| `{code}` | {rule.action} | {rule.limit:g} |"
                for code, rule in manifest.rules.items()
            ),
            "",
            "## Data",
            "",
            f"Learned from {_counted(training['films'])} frontal films, other images"
            f" ({_counted(training['other_images'])}), and images made by program: parts of films,"
            " films rearranged and averaged, mosaics, viewers' windows, drawings, textures. The"
            f" threshold was fitted on {_counted(training['films_for_threshold'])} films of other"
            " patients. No patient is in two of the three parts of which the third is measured"
            " below.",
            "",
            "## Evaluation",
            "",
            *_figures(report),
        ]
    )


def _counted(names: Mapping[str, int]) -> str:
    return f"{sum(names.values()):,}: " + ", ".join(f"{name} {n:,}" for name, n in names.items())


def _figures(report: Mapping[str, Any]) -> list[str]:
    lines = [
        "| held-out films refused | as served | SSIM | SSIM ≥ 0.60 |",
        "|---|---|---|---|",
    ]
    for source, found in {"all": report["films"], **report["films_by_source"]}.items():
        name = f"{source} (children)" if found.get("children") else source
        lines.append(
            f"| {name} | {_said(found['served'])} | {_said(found['ssim'])}"
            f" | {_said(found['ssim_0.60'])} |"
        )
    lines += [
        "",
        "| films refused of hospitals that training never saw | |",
        "|---|---|",
        *(f"| {name} | {_said(found)} |" for name, found in report["hospitals_left_out"].items()),
        "",
        "| other images | AUROC, left out | AUROC, SSIM | accepted, left out | accepted, as served"
        " | accepted, SSIM | accepted, SSIM ≥ 0.60 |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = {f"**{tier}** (mean)": found for tier, found in report["tiers"].items()}
    for tier, kinds in TIERS.items():
        rows |= {
            f"{kind} ({tier})": report["kinds"][kind] for kind in kinds if kind in report["kinds"]
        }
    for name, found in rows.items():
        left_out = found.get("left_out")
        lines.append(
            f"| {name} | {_value(left_out['auroc']) if left_out else '–'}"
            f" | {_value(found['ssim']['auroc'])}"
            f" | {_said(left_out['accepted']) if left_out else '–'}"
            f" | {_said(found['served']['accepted'])} | {_said(found['ssim']['accepted'])}"
            f" | {_said(found['ssim_0.60']['accepted'])} |"
        )
    alarms = report["false_alarms"]
    lines += [
        "",
        "| films changed | found | accepted | false alarms on held-out films as they are |",
        "|---|---|---|---|",
        *(
            f"| {code} | {_said(found['found'])} | {_said(found['accepted'])}"
            f" | {_said(alarms[code]) if code in alarms else '–'} |"
            for code, found in report["changes"].items()
        ),
        "",
        "False alarms count films of the collections that do lie turned.",
        "",
        "| images that no one took | |",
        "|---|---|",
        *(
            f"| {name} | {'accepted' if accepted else 'refused'} |"
            for name, accepted in report["made"].items()
        ),
        "",
        "| DICOM file | | findings |",
        "|---|---|---|",
        *(
            f"| {name} | {'accepted' if found['accepted'] else 'refused'}"
            f" | {', '.join(found['findings']) or '–'} |"
            for name, found in report["dicom"].items()
        ),
        "",
    ]
    return lines


def _said(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.1%} ({figure['low']:.1%}–{figure['high']:.1%}, n = {figure['n']:,})"


def _value(figure: Mapping[str, Any] | float) -> str:
    if isinstance(figure, float):
        return f"{figure:.4f}"
    return f"{figure['value']:.4f} ({figure['low']:.4f}–{figure['high']:.4f})"


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
    for axes, films, others, title in (
        (by_score, found["films"], found["others"], "score (kinds left out)"),
        (by_ssim, found["films_ssim"], found["others_ssim"], "SSIM"),
    ):
        low = min(0.0, *films)
        bins = np.linspace(low, 1, 60)
        axes.hist(films, bins, density=True, alpha=0.5, label=f"films (n = {len(films)})")
        for tier, kinds in TIERS.items():
            values = [value for kind in kinds for value in others.get(kind, [])]
            axes.hist(values, bins, density=True, alpha=0.5, label=f"{tier} (n = {len(values)})")
            truth = np.r_[np.ones(len(films)), np.zeros(len(values))]
            if values:
                false_positive, true_positive, _ = roc_curve(truth, np.r_[films, values])
                roc.plot(1 - true_positive, false_positive, label=f"{tier}, {title}")
        axes.set(title=title, yscale="log", xlabel=title, ylabel="density")
        axes.legend()
    roc.set(
        title="Films refused against other images accepted",
        xlabel="share of held-out films refused",
        ylabel="share of other images accepted",
        xlim=(0, 0.1),
        ylim=(0, 0.3),
    )
    roc.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
