"""The evaluation as a page that people read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from covidxray_api.consistency.ssim import ReferenceManifest


def page(reports: Sequence[dict[str, Any]], reference: ReferenceManifest) -> str:
    """Return all evaluations as Markdown.

    Parameters
    ----------
    reports : sequence of dict
        What `evaluate` returned for each model, with its name and version.
    reference : ReferenceManifest
        What was measured of the consistency check.
    """
    lines = [
        "# Evaluation",
        "",
        "Made by `covidxray evaluate --data DIR`. Every figure is measured on films of patients",
        "that the model's training has not seen; in brackets the 95 % bootstrap interval, drawn by",
        "patient, and the number of films. “Called COVID-19” means that it is the most probable",
        "label.",
        "",
    ]
    for report in reports:
        lines += model_section(report, figures="evaluation")
    return "\n".join(lines + _consistency(reference))


def model_section(report: dict[str, Any], figures: str) -> list[str]:
    """Return what was measured of one model as lines of Markdown.

    Parameters
    ----------
    report : dict
        What `evaluate` returned, with the model's name and version.
    figures : str
        Path of the folder with its picture.
    """
    name, held_out = report["model"], report["held_out"]
    lines = [
        f"## {name} {report['version']}",
        "",
        report["description"],
        "",
        "| on held-out films | |",
        "|---|---|",
        f"| accuracy | {_figure(held_out['accuracy'])} |",
        f"| balanced accuracy | {_figure(held_out['balanced_accuracy'])} |",
        f"| expected calibration error | {held_out['expected_calibration_error']:.3f} |",
        f"| uncertain | {_figure(held_out['uncertain'])} |",
        *(
            f"| prediction set covers {code} | {_figure(figure)} |"
            for code, figure in held_out["prediction_set_covers"].items()
        ),
        "",
        "| source | films | seen in training | called COVID-19 | uncertain"
        " | AUROC of COVID-19 against them |",
        "|---|---|---|---|---|---|",
    ]
    for source, labels in report["called_covid_19"].items():
        seen = "other patients" if source in report["trained_on"] else "no"
        for label, called in labels.items():
            apart = report["auroc_covid_19"].get(source, {}).get(label)
            lines.append(
                f"| {source} | {label} | {seen} | {_figure(called)}"
                f" | {report['uncertain'][source][label]['value']:.3f}"
                f" | {_figure(apart) if apart else '–'} |"
            )
    lines += [
        "",
        f"| held-out films (n = {report['robustness_films']:,}) changed by | labels that change"
        " | probabilities that move by more than 0.1 |",
        "|---|---|---|",
    ]
    for change, figure in report["robustness"].items():
        lines.append(f"| {change} | {figure['label_changes']:.1%} | {figure['moves_by_0.1']:.1%} |")
    return [*lines, "", f"![Figures of {name}]({figures}/{name}.png)", ""]


def _consistency(reference: ReferenceManifest) -> list[str]:
    metrics = reference.metrics
    held_out, others = f"{metrics['held_out_films']:,}", f"{metrics['other_images']:,}"
    lines = [
        "## Consistency check (SSIM against the mean radiograph)",
        "",
        f"Made by `covidxray reference build`. Threshold {reference.threshold:.3f}:"
        f" {reference.threshold_rule}. AUROC {metrics['auroc']:.3f} of {held_out} held-out films"
        f" against {others} other images, of which {metrics['falsely_accepted']:.1%} are accepted.",
        "",
        "| films of | n | kept |",
        "|---|---|---|",
    ]
    for source, figure in metrics["kept_by_source"].items():
        lines.append(f"| {source} | {figure['n']:,} | {figure['kept']:.1%} |")
    lines += ["", "| other images | n | accepted |", "|---|---|---|"]
    for kind, figure in metrics["falsely_accepted_by_kind"].items():
        lines.append(f"| {kind} | {figure['n']:,} | {figure['accepted']:.1%} |")
    return [*lines, ""]


def _figure(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f}, n = {figure['n']:,})"
