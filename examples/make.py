"""Draw the example images: composites of many films, and one image that must be refused.

A composite is the average of 24 films of one class, bent onto each other, so it shows no patient.
Run as ``python examples/make.py DATA`` with the folder of films.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding import Limits, decode
from covidxray_api.training.data.dataset import LabelledImage, read_dataset

HERE = Path(__file__).parent
SIDE = 512
POOL, FILMS, ROUNDS = 400, 24, 4
CLASSES = {"normal": "rsna", "covid_19": "covid_cxnet", "viral_pneumonia": "guangzhou"}
"""The source of each composite, by label: mixed sources would blur more than they show."""


def composite(films: list[LabelledImage]) -> NDArray[np.uint8]:
    """Average the films of one class that are most alike, each bent onto the average of all.

    Without the bending, ribs and diaphragms would blur into what is plainly no film.
    """
    limits = Limits(max_pixels=64_000_000, min_side=32)
    spread = [cv2.equalizeHist(decode(film.path.read_bytes(), limits).pixels) for film in films]
    sized = np.stack([cv2.resize(film, (SIDE, SIDE)) for film in spread])
    small = np.stack([cv2.resize(film, (32, 32)).ravel() for film in spread]).astype(float)
    medoid = np.linalg.norm(small[:, None] - small[None], axis=2).mean(axis=1).argmin()
    nearest = np.linalg.norm(small - small[medoid], axis=1).argsort()[:FILMS]
    chosen = sized[nearest]
    mean = chosen[0]
    for _ in range(ROUNDS):
        mean = np.mean([bent(film, mean) for film in chosen], axis=0).astype(np.uint8)
    low, high = np.percentile(mean, [1, 99])
    drawn: NDArray[np.uint8] = np.clip((mean - low) / (high - low) * 255.0, 0, 255).astype(np.uint8)
    return drawn


def bent(film: NDArray[np.uint8], onto: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move the parts of a film to where another has them, by dense optical flow."""
    still = np.zeros((SIDE, SIDE, 2), dtype=np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(onto, film, still)
    flow = cv2.GaussianBlur(flow, (0, 0), SIDE / 40)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    across, down = x + flow[..., 0], y + flow[..., 1]
    moved = cv2.remap(film, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def drawing() -> NDArray[np.uint8]:
    """Draw a house behind a fence, under the sun."""
    picture = np.full((SIDE, SIDE, 3), (235, 206, 135), dtype=np.uint8)
    cv2.rectangle(picture, (0, 380), (SIDE, SIDE), (60, 160, 60), -1)
    cv2.rectangle(picture, (150, 240), (370, 420), (90, 120, 200), -1)
    roof = np.array([[120, 240], [260, 130], [400, 240]], dtype=np.int32)
    cv2.fillPoly(picture, [roof], (40, 40, 140))
    cv2.rectangle(picture, (235, 320), (290, 420), (30, 60, 90), -1)
    cv2.circle(picture, (430, 80), 45, (0, 220, 255), -1)
    for left in range(10, SIDE, 36):
        cv2.rectangle(picture, (left, 400), (left + 18, 500), (250, 250, 250), -1)
    cv2.rectangle(picture, (0, 430), (SIDE, 445), (250, 250, 250), -1)
    return picture


def main(data: Path) -> None:
    """Write the four example images beside this script."""
    films = read_dataset(data)
    for label, source in CLASSES.items():
        of_class = [film for film in films if (film.label, film.source) == (label, source)]
        rng = np.random.default_rng(2021)
        chosen = [of_class[row] for row in rng.choice(len(of_class), POOL, replace=False)]
        cv2.imwrite(str(HERE / f"{label}.png"), composite(chosen))
    cv2.imwrite(str(HERE / "not_a_radiograph.png"), drawing())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
