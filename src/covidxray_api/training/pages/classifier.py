"""The evaluation of the stored models as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from covidxray_api.consistency.ssim import ReferenceManifest
from covidxray_api.training.pages.render import figure, render


def evaluation_page(
    reports: Sequence[Mapping[str, Any]],
    protocols: Mapping[str, Mapping[str, Any]],
    reference: ReferenceManifest,
) -> str:
    """Return all evaluations as Markdown.

    Parameters
    ----------
    reports : sequence of mapping
        What `evaluate` returned for each model, with its name and version.
    protocols : mapping
        What `covidxray protocol` wrote, by the name of its file.
    reference : ReferenceManifest
        What was measured of the consistency check.
    """
    return render(
        "evaluation",
        reports=reports,
        protocols=protocols,
        reference=reference,
        figures="evaluation",
        facts=facts,
    )


def facts(report: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested report, each with the path to it."""
    for key, value in report.items():
        path = f"{above} · {key}" if above else key
        if isinstance(value, Mapping) and "low" in value:
            yield path, figure(value)
        elif isinstance(value, Mapping):
            yield from facts(value, path)
        elif isinstance(value, float):
            yield path, f"{value:.4f}"
        elif isinstance(value, list) and key not in ("left_out", "sources"):
            yield path, ", ".join(f"{item:.4f}" for item in value)
