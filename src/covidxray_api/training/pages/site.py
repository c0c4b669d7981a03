"""The guide to site calibration, and its evaluation, as a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from covidxray_api.models.manifest import BALANCED
from covidxray_api.models.site import LEAST_RADIOGRAPHS
from covidxray_api.models.site_fitting import (
    ALIKE,
    ALPHAS,
    LEAST_CASES,
    LEAST_SENSITIVITY,
    false_positive_rate,
)
from covidxray_api.training.evaluation.site import SIZES
from covidxray_api.training.pages.render import render

mpl.use("Agg")

PROMISED = (50, 100, 200, 500, 1000)
"""Numbers of radiographs for which the page states the promise."""


def draw_sites(report: Mapping[str, Any], path: Path) -> None:
    """Draw false positives and COVID-19 found by source, without a profile and with one."""
    size = str(SIZES[0])
    sources = {name: found for name, found in report["sources"].items() if found["with_profile"]}
    figure = Figure(figsize=(12, 0.6 * len(sources) + 2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    without = [found["false_positives_without_profile"] for found in sources.values()]
    points = [found["with_profile"][size]["points"][BALANCED] for found in sources.values()]
    _pairs(left, without, [point["false_positives"] for point in points])
    _pairs(
        right,
        [report["found_without_profile"]] * len(sources),
        [point["covid_19_found"] for point in points],
    )
    left.axvline(ALPHAS[BALANCED], color="gray", linewidth=0.8)
    right.axvline(LEAST_SENSITIVITY, color="gray", linewidth=0.8)
    left.set(
        xlabel=f"adults without COVID-19 that are called COVID-19 (line: {ALPHAS[BALANCED]:.0%})",
        yticks=range(len(sources)),
        yticklabels=[f"{name} ({found['seen']})" for name, found in sources.items()],
    )
    left.invert_yaxis()
    right.set(
        xlabel="held-out COVID-19 of known hospitals that is found"
        f" (line: {LEAST_SENSITIVITY:.0%})",
        xlim=(0, 1),
    )
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"{report['model']} {report['version']}, balanced: profiles from {size} radiographs,"
        f" {report['draws']} draws"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _pairs(axes: Axes, without: list[float], profiles: list[Mapping[str, float]]) -> None:
    places = np.arange(len(without))
    means = np.array([found["value"] for found in profiles])
    reach = [
        means - [found["low"] for found in profiles],
        np.array([found["high"] for found in profiles]) - means,
    ]
    axes.plot(without, places - 0.12, "o", color="tab:red", label="without a profile")
    axes.errorbar(
        means,
        places + 0.12,
        xerr=np.clip(reach, 0, None),
        fmt="o",
        color="tab:blue",
        label="with one (95 % of draws)",
    )
    axes.set_xlim(0, None)


def site_page(report: Mapping[str, Any]) -> str:
    """Return guide and evaluation as Markdown.

    Parameters
    ----------
    report : mapping
        What `run_site_evaluation` wrote.
    """
    return render(
        "site",
        report=report,
        sizes=[str(size) for size in SIZES],
        alphas=ALPHAS,
        promises={
            n: [false_positive_rate(n, alpha) for alpha in ALPHAS.values()] for n in PROMISED
        },
        least=LEAST_RADIOGRAPHS,
        least_cases=LEAST_CASES,
        least_sensitivity=LEAST_SENSITIVITY,
        alike=ALIKE,
        balanced=BALANCED,
    )
