"""The model card: what a stored model is for, what it was trained on, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from covidxray_api.models.manifest import Manifest
from covidxray_api.training.data.sources import COVID, DATA_SETS, Source
from covidxray_api.training.pages.render import render, share


def model_card(
    manifest: Manifest,
    report: Mapping[str, Any],
    *,
    explains: bool,
    explanation: Mapping[str, Any] | None = None,
    shortcuts: Mapping[str, Any] | None = None,
) -> str:
    """Return the card of a stored model as Markdown.

    Parameters
    ----------
    manifest : Manifest
        What the model says of itself; it was trained here.
    report : mapping
        What its evaluation found.
    explains : bool
        Whether its compiled network has a saliency map.
    explanation : mapping, optional
        What the evaluation of saliency maps found, of whichever model.
    shortcuts : mapping, optional
        What the shortcut audit of its recipe found.
    """
    trained_on = manifest.training["films"]
    origins = {
        label.code: sources
        for label in manifest.labels
        if (sources := [source for source, labels in trained_on.items() if label.code in labels])
    }
    archives = DATA_SETS.archives(trained_on)
    height, width = manifest.input_size
    return render(
        "card",
        manifest=manifest,
        report=report,
        figures="../../../docs/evaluation",
        configuration=manifest.training["configuration"],
        size=f"{height}×{width}",
        origins=origins,
        children={label: found for label in origins if (found := _ages(origins[label]))},
        mixed=any(_is_mixed(trained_on, sources) for sources in archives.values()),
        shared=[sources for sources in archives.values() if len(sources) > 1],
        standards=_standards(trained_on),
        ages=_who(trained_on),
        points=_points(manifest),
        shortcuts=shortcuts,
        cues={
            arm: found["balanced_accuracy"]["value"]
            for arm, found in (shortcuts or {}).items()
            if isinstance(found, Mapping)
        },
        explainability=_explainability(manifest, explains, explanation),
    )


def _ages(sources: list[str]) -> list[str]:
    """Return who the patients of sources are, if none of them is an adult."""
    ages = [DATA_SETS.sources.get(source, Source()).ages for source in sources]
    return sorted({each for each in ages if each}) if all(ages) else []


def _is_mixed(trained_on: Mapping[str, Mapping[str, int]], sources: list[str]) -> bool:
    labels = {label for source in sources for label in trained_on[source]}
    return COVID in labels and len(labels) > 1


def _standards(sources: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return sources by what their labels rest on."""
    found: dict[str, list[str]] = {}
    for source in sources:
        standard = DATA_SETS.sources.get(source, Source()).reference_standard
        found.setdefault(standard, []).append(source)
    return found


def _who(sources: Mapping[str, Any]) -> str:
    children = [f"`{source}`" for source in sources if DATA_SETS.of_children(source)]
    if not children:
        return "All sources are of adults."
    return f"Children: {', '.join(children)}; all others are adults."


def _points(manifest: Manifest) -> dict[str, Any] | None:
    """Return the rows of the table of operating points, and how they were measured."""
    if not manifest.operating_points:
        return None
    return {
        "what": "cut-off",
        "measured": "The cut-off is the probability from which on the label is the answer, however"
        " the rest is divided. Sensitivity and specificity are cross-fitted: each patient is judged"
        " by weights that were fitted on others.",
        "rows": [
            {
                "name": name,
                "target": point.target,
                "value": point.cut_offs[point.target],
                "sensitivity": point.sensitivity,
                "specificity": point.specificity,
                "cases": point.cases,
                "controls": point.controls,
            }
            for name, point in manifest.operating_points.items()
        ],
    }


def _explainability(
    manifest: Manifest, explains: bool, explanation: Mapping[str, Any] | None
) -> str:
    """Return what is true of the model's saliency map."""
    if not explains:
        return "None: the network has no feature map that is fine enough for a saliency map."
    told = (
        "A saliency map (HiResCAM, Draelos & Carin 2020) on request, shown only where it passes"
        " its test on the radiograph itself"
    )
    of_this = explanation is not None and (explanation["model"], explanation["version"]) == (
        manifest.name,
        manifest.version,
    )
    if explanation is None or not of_this:
        return f"{told}; how often it does was not measured for this model."
    holds = explanation["labels"]["all"]["holds"]
    return f"{told}: {share(holds)} of held-out radiographs. See `docs/explanation.md`."
