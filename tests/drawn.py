"""Drawn radiographs: what training learns from in tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

LABELS = [
    {"code": code, "display": {"en": code, "es": code}}
    for code in ("normal", "covid_19", "viral_pneumonia")
]


def draw_image(label: str, rng: np.random.Generator) -> np.ndarray:
    """Draw two dark lungs on gray; a case has a white spot: low for COVID-19, high for viral."""
    image = np.full((96, 96), 150, dtype=np.uint8)
    for centre in (30, 66):
        cv2.ellipse(image, (centre, 50), (13, 32), 0, 0, 360, 40, -1)
        if label != "normal":
            cv2.circle(image, (centre, 68 if label == "covid_19" else 32), 9, 220, -1)
    noisy: np.ndarray = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    return noisy


def draw_folder(folder: Path) -> Path:
    """Draw sixty radiographs of two sources, two to a group, in the index.csv layout."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    rows = ["file,label,source,group,seed_paper_subset,findings"]
    for number in range(60):
        label = ("normal", "covid_19", "viral_pneumonia")[number // 2 % 3]
        source = ("here", "there")[number // 2 % 2]
        cv2.imwrite(str(folder / "images" / f"{number}.png"), draw_image(label, rng))
        rows.append(f"{number}.png,{label},{source},{number // 2},{int(number < 30)},")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder
