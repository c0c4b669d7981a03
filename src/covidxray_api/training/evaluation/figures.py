"""Pictures of a model's figures: what people look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from covidxray_api.training.data.sources import COVID
from covidxray_api.training.evaluation.classifier import Unseen, selective_risk

mpl.use("Agg")


def draw(unseen: Unseen, report: dict[str, Any], title: str, path: Path) -> None:
    """Draw ROC, confusion, calibration and what is said of each source, as one PNG.

    Parameters
    ----------
    unseen : Unseen
        Radiographs that training has not seen, with the model's answers.
    report : dict
        What `evaluate` made of them.
    title : str
        Name and version of the model.
    path : Path
        PNG to write.
    """
    figure = Figure(figsize=(18, 10), layout="constrained")
    axes = figure.subplots(2, 3)
    figure.suptitle(title)
    _roc(axes[0, 0], unseen)
    _confusion(axes[0, 1], report["held_out"]["confusion"], unseen.codes)
    _calibration(axes[1, 0], unseen)
    _risk(axes[0, 2], unseen)
    _sources(axes[1, 1], report["called_covid_19"], "Share called COVID-19 (red: has none)")
    _sources(axes[1, 2], report["uncertain"], "Share that is uncertain (blue: COVID-19)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _roc(axes: Axes, unseen: Unseen) -> None:
    covid = unseen.codes.index(COVID)
    cases = unseen.probabilities[unseen.rows(label=COVID), covid]
    for source in sorted({image.source for image in unseen.images if image.label != COVID}):
        rows = [row for row in unseen.rows(source=source) if unseen.images[row].label != COVID]
        scores = np.r_[cases, unseen.probabilities[rows, covid]]
        truth = np.r_[np.ones(len(cases)), np.zeros(len(rows))]
        false_positive, true_positive, _ = roc_curve(truth, scores)
        axes.plot(false_positive, true_positive, label=f"against {source} (n = {len(rows)})")
    axes.plot([0, 1], [0, 1], color="gray", linewidth=0.5)
    axes.set(
        title=f"COVID-19 (n = {len(cases)}) against radiographs without it, by source",
        xlabel="false positive rate",
        ylabel="true positive rate",
    )
    axes.legend(loc="lower right", fontsize="small")


def _confusion(axes: Axes, confusion: list[list[int]], codes: list[str]) -> None:
    table = np.array(confusion)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*table.shape):
        tone = "white" if shares[row, column] > 0.5 else "black"
        text = f"{table[row, column]}\n{shares[row, column]:.1%}"
        axes.text(column, row, text, ha="center", va="center", color=tone)
    ticks = range(len(codes))
    axes.set(title="Held-out radiographs", xlabel="called", ylabel="is", xticks=ticks, yticks=ticks)
    axes.set_xticklabels(codes)
    axes.set_yticklabels(codes)


def _calibration(axes: Axes, unseen: Unseen) -> None:
    known = unseen.held_out & np.array([image.label in unseen.codes for image in unseen.images])
    confidence = unseen.probabilities[known].max(axis=1)
    truth = np.array(
        [
            unseen.codes.index(image.label)
            for image, chosen in zip(unseen.images, known, strict=True)
            if chosen
        ]
    )
    right = unseen.called[known] == truth
    bin_of = np.minimum((confidence * 15).astype(int), 14)
    bins = np.unique(bin_of)
    axes.plot([0.3, 1], [0.3, 1], color="gray", linewidth=0.5)
    axes.plot(
        [confidence[bin_of == b].mean() for b in bins],
        [right[bin_of == b].mean() for b in bins],
        marker="o",
    )
    axes.set(
        title=f"Calibration on held-out radiographs (n = {len(truth)})",
        xlabel="probability given to the predicted label",
        ylabel="share that is right",
    )


def _risk(axes: Axes, unseen: Unseen) -> None:
    known = unseen.held_out & np.array([image.label in unseen.codes for image in unseen.images])
    truth = np.array(
        [unseen.codes.index(unseen.images[row].label) for row in np.flatnonzero(known)]
    )
    risk = selective_risk(unseen.probabilities[known], unseen.called[known] == truth)
    axes.plot(np.arange(1, len(risk) + 1) / len(risk), risk)
    axes.set(
        title=f"Risk and coverage on held-out radiographs (n = {len(truth)})",
        xlabel="share of radiographs that are answered, the surest first",
        ylabel="share of wrong answers",
        ylim=(0, None),
    )


def _sources(axes: Axes, shares: dict[str, dict[str, dict[str, float]]], title: str) -> None:
    rows = [
        (f"{source} · {label} (n = {figure['n']})", figure, label)
        for source, labels in shares.items()
        for label, figure in labels.items()
    ]
    values = np.array([figure["value"] for _, figure, _ in rows])
    errors = [
        values - [figure["low"] for _, figure, _ in rows],
        np.array([figure["high"] for _, figure, _ in rows]) - values,
    ]
    colours = ["tab:blue" if label == COVID else "tab:red" for *_, label in rows]
    places = np.arange(len(rows))
    axes.barh(places, values, xerr=np.clip(errors, 0, None), color=colours)
    axes.set(
        title=title,
        xlim=(0, 1),
        yticks=places,
    )
    axes.set_yticklabels([name for name, *_ in rows], fontsize="small")
    axes.invert_yaxis()
