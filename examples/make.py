"""Draw the example images: composites of many films, and one image that must be refused.

A composite averages films of one class after laying their lungs over one another, so it shows no
patient. Run as ``python examples/make.py DATA`` with the folder of films.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding import Limits, decode
from covidxray_api.inference.lungs import Frame, LungFinder
from covidxray_api.inference.models import keras_engine
from covidxray_api.settings import shipped
from covidxray_api.training.dataset import Film, read_dataset

HERE = Path(__file__).parent
SIDE = 512
FILMS = 24
CLASSES = {"normal": "rsna", "covid_19": "radiography_db", "viral_pneumonia": "guangzhou"}
LUNGS = Frame(top=0.14, left=0.12, bottom=0.86, right=0.88)
"""Where the lungs lie on a composite."""


def aligned(film: NDArray[np.uint8], frame: Frame) -> NDArray[np.float32]:
    """Return a film, float32 (SIDE, SIDE), scaled and shifted so that its lungs fill `LUNGS`."""
    height, width = film.shape
    across = (LUNGS.right - LUNGS.left) / (frame.right - frame.left)
    down = (LUNGS.bottom - LUNGS.top) / (frame.bottom - frame.top)
    matrix = np.array(
        [
            [across * SIDE / width, 0, (LUNGS.left - across * frame.left) * SIDE],
            [0, down * SIDE / height, (LUNGS.top - down * frame.top) * SIDE],
        ]
    )
    equalised = cv2.equalizeHist(film)
    return cv2.warpAffine(
        equalised.astype(np.float32), matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)


def composite(films: list[Film], lungs: LungFinder) -> NDArray[np.uint8]:
    """Average films of one class, lungs over lungs."""
    limits = Limits(max_pixels=64_000_000, min_side=32)
    decoded = [decode(film.path.read_bytes(), limits).pixels for film in films]
    mean = np.mean([aligned(pixels, lungs.frame(pixels)) for pixels in decoded], axis=0)
    low, high = np.percentile(mean, [1, 99])
    return np.clip((mean - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def drawing() -> NDArray[np.uint8]:
    """Draw a house under the sun."""
    picture = np.full((SIDE, SIDE, 3), (235, 206, 135), dtype=np.uint8)
    cv2.rectangle(picture, (0, 380), (SIDE, SIDE), (60, 160, 60), -1)
    cv2.rectangle(picture, (150, 240), (370, 420), (90, 120, 200), -1)
    roof = np.array([[120, 240], [260, 130], [400, 240]], dtype=np.int32)
    cv2.fillPoly(picture, [roof], (40, 40, 140))
    cv2.rectangle(picture, (235, 320), (290, 420), (30, 60, 90), -1)
    cv2.circle(picture, (430, 80), 45, (0, 220, 255), -1)
    return picture


def main(data: Path) -> None:
    """Write the four example images beside this script."""
    size = (64, 64)
    lungs = LungFinder(keras_engine(shipped("reference") / "lungs.keras", size), size)
    rng = np.random.default_rng(2021)
    films = read_dataset(data)
    for label, source in CLASSES.items():
        of_class = [film for film in films if (film.label, film.source) == (label, source)]
        chosen = [of_class[row] for row in rng.choice(len(of_class), FILMS, replace=False)]
        cv2.imwrite(str(HERE / f"{label}.png"), composite(chosen, lungs))
    cv2.imwrite(str(HERE / "not_a_radiograph.png"), drawing())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
