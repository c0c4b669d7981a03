"""The paper's table, reproduced: its network, its protocol, its figures beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from covidxray_api.training.fitting.run import MILESTONES, TrainedNetwork

PUBLISHED = {"train": 0.9991, "validation": 0.9628}
"""Accuracy after 100 epochs at 60/40 (Alvaro-Torres et al. 2021)."""


def reproduction(runs: Sequence[TrainedNetwork]) -> str:
    """Return the table of accuracies at the paper's milestones as Markdown.

    Parameters
    ----------
    runs : sequence of TrainedNetwork
        The same configuration at several shares of validation films.
    """
    lines = [
        "# The paper's table, reproduced",
        "",
        "Network and protocol of Alvaro-Torres et al. 2021: 15 layers, 64×64, films split at",
        "random within each class, figures at the epoch named, not at the best one. Seed fixed;",
        "inference on the films of each part. Made by `covidxray reproduce`.",
        "",
        "| split | films (train / validation) | epochs | training accuracy | validation accuracy |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        train, validation = len(run.trained_on), len(run.held_out)
        share = round(100 * validation / (train + validation))
        for epoch in MILESTONES:
            figures = run.history[epoch - 1]
            lines.append(
                f"| {100 - share}/{share} | {train:,} / {validation:,} | {epoch} "
                f"| {figures['train_accuracy']:.2%} | {figures['validation_accuracy']:.2%} |"
            )
    lines += [
        f"| published, 60/40 | 3,886 in all | 100 | {PUBLISHED['train']:.2%}"
        f" | {PUBLISHED['validation']:.2%} |",
        "",
        "These figures say how well the network tells the films of this collection apart, in which",
        "class and hospital are nearly the same thing. What it says of films from elsewhere is in",
        "[evaluation](evaluation.md): it is not fit for use.",
        "",
    ]
    return "\n".join(lines)
