"""The report on a job: one HTML file, which asks no network for anything."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from pathlib import Path

from covidxray_api.bulk.row import Origin, Row
from covidxray_api.bulk.summary import Summary
from covidxray_api.models.artefacts import write_text
from covidxray_api.rendering.wording import NORMAL
from covidxray_api.texts import MESSAGES, Language, message
from covidxray_api.texts.numbers import count, number, percent
from covidxray_api.texts.problems import title

MOST = 2000
"""Rows of the table: a browser sorts so many at once."""

Pictured = tuple[Row, str | None]
"""A row, and its thumbnail as base64 of a JPEG."""


def write(
    path: Path,
    rows: Iterator[Pictured],
    summary: Summary,
    origin: Origin,
    table: str,
    names: Mapping[str, str],
    language: Language,
) -> None:
    """Write the report.

    Parameters
    ----------
    path : Path
        HTML file.
    rows : iterator of Pictured
        The rows.
    summary : Summary
        Of the same rows.
    origin : Origin
        What has answered.
    table : str
        Name of the table that has all rows.
    names : mapping of str to str
        What each label is called, by its code.
    language : str
        Language of the words.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("covidxray_api.bulk"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": lambda n: count(n, language),
        "percent": lambda share: percent(share, language),
        "number": lambda value: number(value, language),
        "words": lambda code: MESSAGES[code][language] if code in MESSAGES else code,
        "problem": lambda code: title(code, language),
    }
    most = heapq.nlargest(MOST, rows, key=_suspicion)
    text = environment.get_template("report.html.j2").render(
        say=lambda code, **values: message(code, language).format(**values),
        language=language,
        summary=summary,
        origin=origin,
        rows=most,
        table=table,
        names=names,
    )
    write_text(path, text)


def _suspicion(pictured: Pictured) -> float:
    """Return the probability of anything but normal; -1 if there is none."""
    probabilities = pictured[0]["probabilities"]
    return 1 - probabilities.get(NORMAL, 0.0) if probabilities else -1.0
