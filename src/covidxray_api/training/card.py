"""The model card: what a stored model is for, what it learned from, and where it fails."""

from __future__ import annotations

from typing import Any

from covidxray_api.model_store import Manifest
from covidxray_api.training.report import model_section

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


def card(manifest: Manifest, report: dict[str, Any]) -> str:
    """Return the card of a stored model as Markdown.

    Parameters
    ----------
    manifest : Manifest
        What the model says of itself.
    report : dict
        What its evaluation found.
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
        _USE,
        "## What it is",
        "",
        f"A Keras network for gray films of {height}×{width}, with a softmax output for {labels}.",
        f"Weights: SHA-256 `{manifest.files['model.keras']}`.",
        f"Temperature {manifest.temperature:.3f}.",
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
    ]
    return "\n".join(lines)


def _sources(manifest: Manifest) -> list[str]:
    """Say from how few places each label was learned."""
    films = manifest.training["films"]
    return [
        f"- **`{label.code}` was learned from {len(sources)} source{'s' * (len(sources) != 1)}"
        f" only**: {', '.join(sources)}."
        for label in manifest.labels
        if (sources := [source for source, labels in films.items() if label.code in labels])
    ]
