"""The pages that code writes: `python -m tools.reference` (`make reference`) writes them anew.

A page is prose around a block between two comments, and the block is made of the code. A test
compares what is committed with what is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry

from covidxray_api.api.request_counter import RequestCount
from covidxray_api.decoding.formats import RASTERS, TRANSFER_SYNTAXES, UNREAD
from covidxray_api.hospital.node.metrics import NodeMetrics
from covidxray_api.jobs.metrics import JobMetrics
from covidxray_api.serving.metrics import Metrics
from covidxray_api.settings import PREFIX, Settings
from tools.codes import codes
from tools.commands import commands
from tools.conformance import conformance
from tools.node import node
from tools.paths import paths

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"(?<=<!-- made by `make reference` -->\n).*?(?=<!-- end -->\n)", re.DOTALL)


def settings() -> str:
    """Return the table of settings, in the order of `settings.py`."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        shipped = isinstance(field.default, Path) and field.default.is_absolute()
        default = "shipped" if shipped else f"`{field.default}`"
        meaning = " ".join((field.description or "").split())
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def formats() -> str:
    """Return the tables of transfer syntaxes and of raster formats."""
    syntax_rows = (f"| {uid.name} | `{uid}` | {by} |" for uid, by in TRANSFER_SYNTAXES.items())
    raster_rows = (
        f"| {raster.name} | `{media_type}` | {raster.features} | {raster.library} |"
        for media_type, raster in RASTERS.items()
    )
    return "\n".join(
        [
            "## DICOM (`application/dicom`)\n",
            "| transfer syntax | UID | decoded by |\n|---|---|---|",
            *syntax_rows,
            "\n## Raster formats\n",
            "| format | media type | what is read | decoded by |\n|---|---|---|---|",
            *raster_rows,
            f"\nKnown and refused by name: {', '.join(UNREAD)}.\n",
        ]
    )


def metrics() -> str:
    """Return the table of metrics, of all registries that a service serves."""
    registry = Metrics().registry
    RequestCount(registry)
    JobMetrics(registry)
    NodeMetrics(registry)
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for metric in registry.collect():
        name = metric.name + ("_total" if metric.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in _labels(registry, metric.name)) or "–"
        rows.append(f"| `{name}` | {metric.type} | {labels} | {metric.documentation} |")
    return "\n".join(rows) + "\n"


def _labels(registry: CollectorRegistry, name: str) -> tuple[str, ...]:
    # prometheus_client tells the names of labels by samples alone, and there are none yet.
    labels: tuple[str, ...] = vars(registry._names_to_collectors[name])["_labelnames"]
    return labels


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings,
    "codes.md": codes,
    "formats.md": formats,
    "metrics.md": metrics,
    "command-line.md": commands,
    "api.md": paths,
    "pacs.md": node,
    "conformance.md": conformance,
}
"""What makes the block of each page in `docs/`."""


def made(page: str) -> str:
    """Return a page as it should be: the prose that there is, around the block that code makes."""
    text = (DOCS / page).read_text(encoding="utf-8")
    block = PAGES[page]()
    found, number = BLOCK.subn(lambda _: block, text)
    if number != 1:
        raise ValueError(f"{page} has {number} blocks")
    return found


if __name__ == "__main__":
    for name in PAGES:
        (DOCS / name).write_text(made(name), encoding="utf-8")
