"""The table in which a site names the label of each of its radiographs."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.artefacts import fault_of

FILM, LABEL = "film", "label"


def read_labels(path: Path, codes: Collection[str]) -> list[tuple[Path, str]]:
    """Return each radiograph of a table, and its label.

    Parameters
    ----------
    path : Path
        CSV with the columns ``film``, a path from the table's folder on, and ``label``.
    codes : collection of str
        Codes of the labels that the model tells apart.

    Raises
    ------
    InvalidSiteProfile
        If it is no such table, or a label is none of them.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            found = [(row.get(FILM), row.get(LABEL)) for row in rows]
            columns = set(rows.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidSiteProfile("unreadable", path=path, fault=fault_of(error)) from error
    if not {FILM, LABEL} <= columns:
        raise InvalidSiteProfile("label_columns", path=path)
    for row, (film, label) in enumerate(found, 1):
        if not film or label not in codes:
            raise InvalidSiteProfile(
                "unknown_label", path=path, row=row, label=label or "", known=tuple(codes)
            )
    return [(path.parent / str(film), str(label)) for film, label in found]
