"""Images that are no frontal chest radiograph, to measure the consistency check with."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.decoding import decode
from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import LIMITS

INDEX = "other_images.csv"


@dataclass(frozen=True, slots=True)
class OtherImage:
    """One image that must be refused."""

    path: Path
    kind: str
    """What it shows, e.g. `knee_xray`."""


def read_other_images(folder: Path, prefix: str = "") -> list[OtherImage]:
    """List the images that must be refused.

    Parameters
    ----------
    folder : Path
        Holds ``other_images.csv`` (columns file and kind) and the files that it names.
    prefix : str
        What stands before the colon in the kind of files that are not all to be refused, such as
        `dicom`; those are listed instead, if it is given.

    Returns
    -------
    list of OtherImage
        In the order of the index.

    Raises
    ------
    DatasetError
        If there is no such index.
    """
    index = folder / INDEX
    if not index.is_file():
        raise DatasetError("file", folder=folder, name=INDEX)
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        OtherImage(folder / row["file"], row["kind"])
        for row in rows
        if row["kind"].rpartition(":")[0] == prefix
    ]


def read_pictures(images: Sequence[OtherImage]) -> list[NDArray[np.uint8]]:
    """Decode images as the service does.

    Returns
    -------
    list of ndarray of uint8, shape (height, width)
        Gray images, each of its own size.

    Raises
    ------
    RadiographError
        If one cannot be decoded.
    """
    return [
        decode(image.path.read_bytes(), LIMITS).pixels
        for image in track(images, "Reading other images")
    ]
