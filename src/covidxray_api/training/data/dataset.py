"""Radiographs with labels, from the two folder layouts that training understands."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import DatasetError
from covidxray_api.training.data.sources import DATA_SETS

INDEX = "index.csv"

SUFFIXES = {".png", ".jpg", ".jpeg"}

DETAIL = (224, 224)
"""Height and width at which radiographs are changed or judged as those of a client are."""

LIMITS = Limits(max_pixels=64_000_000, min_side=32)
"""Bounds on what is decoded, as those that the service has by default."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One labelled radiograph of a data folder."""

    path: Path
    label: str
    source: str
    """Where the radiograph comes from: a hospital or a collection."""

    group: str
    """Radiographs of one patient, or near-copies of one radiograph, share it."""

    in_seed_subset: bool = False
    """Whether it stands for a radiograph of the paper's set of 3,886."""


def read_dataset(folder: Path) -> list[LabelledImage]:
    """List the radiographs of a data folder, in a fixed order.

    Parameters
    ----------
    folder : Path
        Either with an ``index.csv`` (columns file, label, source, group, seed_paper_subset) and
        the radiographs in ``images/``; or with a folder for each class, as in the COVID-19
        Radiography Database, with the radiographs in it or in its ``images/``.

    Raises
    ------
    DatasetError
        If the folder has neither layout, or a radiograph that the index names is missing.
    """
    images = _indexed(folder) if (folder / INDEX).is_file() else _class_folders(folder)
    if not images:
        raise DatasetError("layout", folder=folder)
    return images


def _indexed(folder: Path) -> list[LabelledImage]:
    with (folder / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        images = [
            LabelledImage(
                path=folder / "images" / row["file"],
                label=row["label"],
                source=row["source"],
                group=row["group"],
                in_seed_subset=row["seed_paper_subset"] == "1",
            )
            for row in rows
        ]
    except KeyError as missing:
        raise DatasetError("column", path=folder / INDEX, column=str(missing)) from missing
    absent = [image.path.name for image in images if not image.path.is_file()]
    if absent:
        raise DatasetError("absent", count=len(absent), path=folder / INDEX, first=absent[0])
    return images


def _class_folders(folder: Path) -> list[LabelledImage]:
    images: list[LabelledImage] = []
    for class_folder in sorted(path for path in folder.glob("*") if path.is_dir()):
        label = DATA_SETS.class_folders.get(class_folder.name.lower())
        if label is None:
            continue
        inside = class_folder / "images"
        inside = inside if inside.is_dir() else class_folder
        images += [
            # The layout names no patients, so each radiograph is taken for a patient of its own.
            LabelledImage(path, label, folder.name, f"{class_folder.name}/{path.name}")
            for path in sorted(inside.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
    return images


def counts(images: Iterable[LabelledImage]) -> dict[str, dict[str, int]]:
    """Count radiographs by source, then label."""
    table: dict[str, dict[str, int]] = {}
    for (source, label), n in sorted(
        Counter((image.source, image.label) for image in images).items()
    ):
        table.setdefault(source, {})[label] = n
    return table


def load_pixels(images: Sequence[LabelledImage], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Decode radiographs as the service does and squash each to a network's input size.

    Parameters
    ----------
    images : sequence of LabelledImage
        What to load.
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    ndarray of uint8, shape (n, height, width)
        Gray radiographs.

    Raises
    ------
    RadiographError
        If a radiograph cannot be decoded.
    """
    height, width = size
    pixels = np.empty((len(images), height, width), dtype=np.uint8)

    def load(row: int) -> None:
        image = decode(images[row].path.read_bytes(), LIMITS).pixels
        pixels[row] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)

    with ThreadPoolExecutor() as pool:
        list(track(pool.map(load, range(len(images))), "Reading radiographs", total=len(images)))
    return pixels
