"""The lung finder's evaluation as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from covidxray_api.training.pages.render import render


def lungs_page(report: Mapping[str, Any]) -> str:
    """Return the evaluation as Markdown.

    Parameters
    ----------
    report : mapping
        What `run_lung_training` wrote.
    """
    return render("lungs", report=report)
