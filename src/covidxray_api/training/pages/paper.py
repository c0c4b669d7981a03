"""The paper's table, reproduced: its network, its protocol, its figures beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from covidxray_api.training.fitting.run import MILESTONES, TrainedNetwork
from covidxray_api.training.pages.render import render

PUBLISHED = {"train": 0.9991, "validation": 0.9628}
"""Accuracy after 100 epochs at 60/40 (Alvaro-Torres et al. 2021)."""


def reproduction(runs: Sequence[TrainedNetwork]) -> str:
    """Return the table of accuracies at the paper's milestones as Markdown.

    Parameters
    ----------
    runs : sequence of TrainedNetwork
        The same configuration at several shares of validation images.
    """
    rows = []
    for run in runs:
        train, validation = len(run.trained_on), len(run.held_out)
        held_out = round(100 * validation / (train + validation))
        for figures in run.history:
            if figures["epoch"] not in MILESTONES:
                continue
            rows.append(
                {
                    "split": f"{100 - held_out}/{held_out}",
                    "train": train,
                    "validation": validation,
                    **figures,
                }
            )
    return render("paper", rows=rows, published=PUBLISHED)
