"""The evaluation as a page that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from covidxray_api.consistency.ssim import ReferenceManifest


def page(
    reports: Sequence[dict[str, Any]],
    protocols: Mapping[str, dict[str, Any]],
    reference: ReferenceManifest,
) -> str:
    """Return all evaluations as Markdown.

    Parameters
    ----------
    reports : sequence of dict
        What `evaluate` returned for each model, with its name and version.
    protocols : mapping
        See `protocol_section`.
    reference : ReferenceManifest
        What was measured of the consistency check.
    """
    lines = [
        "# Evaluation",
        "",
        "Made by `covidxray evaluate --data DIR`. Every figure is measured on films of patients",
        "that the model's training has not seen; in brackets the 95 % bootstrap interval, drawn by",
        "patient, and the number of films. “Called COVID-19” is the answer at the balanced",
        "operating point, or the most probable label where a model has no operating points.",
        "",
    ]
    for report in reports:
        lines += model_section(report, figures="evaluation")
    return "\n".join(lines + protocol_section(protocols) + _consistency(reference))


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
        *_operating_points(report["operating_points"]),
        "| share of held-out films that are answered, the surest first | wrong answers |",
        "|---|---|",
        *(f"| {share} | {risk:.1%} |" for share, risk in report["risk_at_coverage"].items()),
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
        f"| held-out films (n = {report['robustness_films']:,}) changed by | refused"
        " | labels that change | probabilities that move by more than 0.1 |",
        "|---|---|---|---|",
    ]
    for change, figure in report["robustness"].items():
        lines.append(
            f"| {change} | {figure['refused']:.1%} | {figure['label_changes']:.1%}"
            f" | {figure['moves_by_0.1']:.1%} |"
        )
    return [*lines, "", f"![Figures of {name}]({figures}/{name}.png)", ""]


def _operating_points(points: dict[str, Any]) -> list[str]:
    if not points:
        return []
    return [
        "| operating point | held-out COVID-19 films called so | adults without it called COVID-19"
        " | balanced accuracy |",
        "|---|---|---|---|",
        *(
            f"| {name} | {_figure(point['covid_19_called_so'])}"
            f" | {_by_place(point['adults_without_called_covid_19'])}"
            f" | {_figure(point['balanced_accuracy'])} |"
            for name, point in points.items()
        ),
        "",
    ]


def _by_place(figures: dict[str, Any]) -> str:
    return "; ".join(f"{place}: {_figure(figure)}" for place, figure in figures.items())


def protocol_section(protocols: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return what the protocols found as lines of Markdown.

    Parameters
    ----------
    protocols : mapping
        What `covidxray protocol` wrote, by the name of its file.
    """
    lines = [
        "## Protocols",
        "",
        "Made by `covidxray protocol`: networks trained anew without what they are measured on,",
        "all for the same number of epochs, fewer than the stored models where it says so.",
        "",
    ]
    for name, report in protocols.items():
        lines += [
            f"### {name}",
            "",
            f"{report['epochs']} of {report['of_epochs']} epochs.",
            "",
            "| | |",
            "|---|---|",
        ]
        lines += [f"| {key} | {value} |" for key, value in _facts(report)]
        lines.append("")
    return lines


def _facts(report: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested report with the path to each."""
    for key, value in report.items():
        path = f"{above} · {key}" if above else key
        if isinstance(value, Mapping) and "low" in value:
            yield path, _figure(dict(value))
        elif isinstance(value, Mapping):
            yield from _facts(value, path)
        elif isinstance(value, float):
            yield path, f"{value:.4f}"
        elif isinstance(value, list) and key not in ("left_out", "sources"):
            yield path, ", ".join(f"{item:.4f}" for item in value)


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
