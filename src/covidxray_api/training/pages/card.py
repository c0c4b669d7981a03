"""The model card: what a stored model is for, what it learned from, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from covidxray_api.models.manifest import Manifest
from covidxray_api.training.pages.classifier import model_section

_LIMITS = """\
- **It is decision support, not a diagnosis, and no medical device.** A radiologist must read the
  film.
- **Viral pneumonia means children of one to five years from one hospital** (`guangzhou`). No film
  of an adult with another viral pneumonia was available: what it says of such adults is unknown.
- **There is no source with COVID-19 and healthy films from one hospital** (`rsna` and `nih` are one
  archive), so part of what tells them apart may be the hospital.
- **Other diseases have no label of their own.** Tuberculosis, effusion or cancer end up under a
  label that is wrong; the table below says how often under COVID-19.
- **The guarantee of the prediction set holds for new patients of the sources below**, not for
  other hospitals.
- Films were available at 224×224, squashed to a square. Labels are those of the collections and
  were not read again.
"""

_USE = """\
## Intended use

Research and second reading of frontal chest radiographs. Not for triage without a reader, not for
other views, not to exclude disease.
"""


def card(
    manifest: Manifest, report: dict[str, Any], shortcuts: Mapping[str, Any] | None = None
) -> str:
    """Return the card of a stored model as Markdown.

    Parameters
    ----------
    manifest : Manifest
        What the model says of itself.
    report : dict
        What its evaluation found.
    shortcuts : mapping, optional
        What the shortcut audit of its recipe found.
    """
    labels = ", ".join(f"`{label.code}`" for label in manifest.labels)
    height, width = manifest.input_size
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        manifest.description,
        "",
        "## Known limits",
        "",
        *_sources(manifest),
        _LIMITS,
        *(_cues(shortcuts) if shortcuts else []),
        _USE,
        "## What it is",
        "",
        f"A Keras network for gray films of {height}×{width}, with a softmax output for {labels}.",
        f"Weights: SHA-256 `{manifest.files['model.keras']}`.",
        f"Temperature {manifest.temperature:.3f}.",
        "",
        *_points(manifest),
        "",
        "## Films it was trained on",
        "",
        "| source | label | films |",
        "|---|---|---|",
        *(
            f"| {source} | {label} | {n:,} |"
            for source, films in manifest.training["films"].items()
            for label, n in films.items()
        ),
        "",
        *model_section(report, figures="../../../docs/evaluation"),
        *_claim(manifest),
    ]
    return "\n".join(lines)


def _cues(shortcuts: Mapping[str, Any]) -> list[str]:
    """Say what tells COVID-19 from normal adults where no lung is to be seen."""
    found = [
        f"{arm}: {figures['balanced_accuracy']['value']:.3f}"
        for arm, figures in shortcuts.items()
        if isinstance(figures, Mapping)
    ]
    return [
        "## Which cue remains",
        "",
        "Balanced accuracy between COVID-19 and normal adults of other patients, by networks",
        f"trained and tested on parts of films ({shortcuts['epochs']} of"
        f" {shortcuts['of_epochs']} epochs): {'; '.join(found)}.",
        "Whatever is told apart without lungs, by the outline of the body, its framing and coarse",
        "tones, is a cue of the hospital and not of the disease. What was tried against it:",
        "`docs/experiments.md`.",
        "",
    ]


def _points(manifest: Manifest) -> list[str]:
    if not manifest.operating_points:
        return []
    return [
        "| operating point | weight | sensitivity | specificity |",
        "|---|---|---|---|",
        *(
            f"| {name} | `{point.target}` {point.weights[point.target]:.3f}"
            f" | {point.sensitivity:.3f} (n = {point.cases:,})"
            f" | {point.specificity:.3f} (n = {point.controls:,}) |"
            for name, point in manifest.operating_points.items()
        ),
        "",
        "Sensitivity and specificity are cross-fitted: each image is judged at weights fitted on",
        "other patients.",
        "",
    ]


def _claim(manifest: Manifest) -> list[str]:
    """Answer the items of CLAIM 2024 (Tejani et al. 2024, Radiology: AI 6:e240300) that apply."""
    configuration = manifest.training.get("configuration", {})
    share = configuration.get("validation_share")
    unit = "patient" if configuration.get("split") == "group" else "film, as in the paper"
    answers = {
        "Study design and aim": "Retrospective, on public collections; classification.",
        "Data sources": "The table of films above; `docs/training.md` names the collections.",
        "Inclusion": "Every frontal film of the collections with a label that is taught, and no"
        " other choice.",
        "Pre-processing": "`preprocess`: gray, squashed to the input size, 0–1. One function for"
        " training and service.",
        "De-identification": "By the collections. No patient identity is stored or logged.",
        "Missing data": "Age, sex and view position are unknown for most films and were not used.",
        "Reference standard": "Labels of the collections: PCR for part of the COVID-19 films, text"
        " reports mined by machine for `nih`, reading by physicians for `guangzhou`.",
        "Reader agreement": "Not available.",
        "Partitions": f"{share:.0%} held out, by {unit}." if share else "Unknown.",
        "Sample size": "All films there were; no power analysis.",
        "Model": f"`{configuration.get('network', 'imported')}` of `training/networks.py`.",
        "Training": "The configuration is in the manifest, complete, seed included.",
        "Ensembling": "None.",
        "Metrics and uncertainty": "Above, with 95 % bootstrap intervals by patient.",
        "Robustness": "Above.",
        "Explainability": "None yet.",
        "Internal and external testing": "Held-out patients; sources left out of training where"
        " “seen in training” says no. No film from outside the collections.",
        "Failure analysis": "By source and label, above.",
        "Demographics": "Not available. `guangzhou` is children, all others adults.",
        "Bias": "Label and source are nearly the same thing; see the known limits.",
        "Code and weights": "In this repository, with SHA-256.",
        "Registration and protocol": "None.",
    }
    return [
        "## CLAIM 2024",
        "",
        "Items of the Checklist for Artificial Intelligence in Medical Imaging that apply.",
        "",
        "| item | answer |",
        "|---|---|",
        *(f"| {item} | {answer} |" for item, answer in answers.items()),
        "",
    ]


def _sources(manifest: Manifest) -> list[str]:
    """Say from how few places each label was learned."""
    films = manifest.training["films"]
    return [
        f"- **`{label.code}` was learned from {len(sources)} source{'s' * (len(sources) != 1)}"
        f" only**: {', '.join(sources)}."
        for label in manifest.labels
        if (sources := [source for source, labels in films.items() if label.code in labels])
    ]
