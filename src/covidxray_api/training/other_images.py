"""Images that are no frontal chest radiograph, to measure the consistency check with."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from covidxray_api.errors import DatasetError

INDEX = "other_images.csv"


@dataclass(frozen=True, slots=True)
class OtherImage:
    """One image that must be refused."""

    path: Path
    kind: str
    """What it shows, e.g. `knee_xray`."""


def read_other_images(folder: Path) -> list[OtherImage]:
    """List the images that must be refused.

    Parameters
    ----------
    folder : Path
        Holds ``other_images.csv`` (columns file and kind) and the files that it names.

    Returns
    -------
    list of OtherImage
        Without the rows for DICOM files and originals, which are not all to be refused.

    Raises
    ------
    DatasetError
        If there is no such index.
    """
    index = folder / INDEX
    if not index.is_file():
        raise DatasetError(f"{folder} has no {INDEX}.")
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [OtherImage(folder / row["file"], row["kind"]) for row in rows if ":" not in row["kind"]]
