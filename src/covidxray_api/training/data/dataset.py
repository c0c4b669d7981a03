"""Films with labels, from the two folder layouts that training understands."""

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

INDEX = "index.csv"

FOLDER_LABELS = {
    "covid": "covid_19",
    "covid-19": "covid_19",
    "normal": "normal",
    "viral pneumonia": "viral_pneumonia",
    "lung_opacity": "other_finding",
}
"""Class folders of the COVID-19 Radiography Database (Rahman et al., Kaggle), in lower case."""

PICTURES = {".png", ".jpg", ".jpeg"}

DETAIL = (224, 224)
"""Height and width at which films are changed or judged as those of a client are."""

LIMITS = Limits(max_pixels=64_000_000, min_side=32)
"""Bounds on what is decoded, as those that the service has by default."""


@dataclass(frozen=True, slots=True)
class Film:
    """One labelled film of a data folder."""

    path: Path
    label: str
    source: str
    """Where the film comes from: a hospital or a collection."""

    group: str
    """Films of one patient, or near-copies of one film, share it."""

    in_seed_subset: bool = False
    """Whether it stands for a film of the paper's set of 3,886."""


def read_dataset(folder: Path) -> list[Film]:
    """List the films of a data folder, in a fixed order.

    Parameters
    ----------
    folder : Path
        Either with an ``index.csv`` (columns file, label, source, group, seed_paper_subset) and
        the films in ``images/``; or with a folder for each class, as in the COVID-19 Radiography
        Database, with the films in it or in its ``images/``.

    Raises
    ------
    DatasetError
        If the folder has neither layout, or a film that the index names is missing.
    """
    films = _indexed(folder) if (folder / INDEX).is_file() else _class_folders(folder)
    if not films:
        raise DatasetError("layout", folder=folder)
    return films


def _indexed(folder: Path) -> list[Film]:
    with (folder / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        films = [
            Film(
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
    absent = [film.path.name for film in films if not film.path.is_file()]
    if absent:
        raise DatasetError("absent", count=len(absent), path=folder / INDEX, first=absent[0])
    return films


def _class_folders(folder: Path) -> list[Film]:
    films = []
    for class_folder in sorted(path for path in folder.glob("*") if path.is_dir()):
        label = FOLDER_LABELS.get(class_folder.name.lower())
        if label is None:
            continue
        images = class_folder / "images"
        inside = images if images.is_dir() else class_folder
        films += [
            # The layout names no patients, so each film is taken for a patient of its own.
            Film(path, label, folder.name, f"{class_folder.name}/{path.name}")
            for path in sorted(inside.iterdir())
            if path.suffix.lower() in PICTURES
        ]
    return films


def counts(films: Iterable[Film]) -> dict[str, dict[str, int]]:
    """Count films by source, then label."""
    table: dict[str, dict[str, int]] = {}
    for (source, label), n in sorted(Counter((f.source, f.label) for f in films).items()):
        table.setdefault(source, {})[label] = n
    return table


def load_pixels(films: Sequence[Film], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Decode films as the service does and squash each to a network's input size.

    Parameters
    ----------
    films : sequence of Film
        What to load.
    size : tuple of int
        Height and width, in pixels.

    Returns
    -------
    ndarray of uint8, shape (n, height, width)
        Gray films.

    Raises
    ------
    RadiographError
        If a film cannot be decoded.
    """
    height, width = size
    pixels = np.empty((len(films), height, width), dtype=np.uint8)

    def load(row: int) -> None:
        film = decode(films[row].path.read_bytes(), LIMITS).pixels
        pixels[row] = cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)

    with ThreadPoolExecutor() as pool:
        list(track(pool.map(load, range(len(films))), "Reading films", total=len(films)))
    return pixels
