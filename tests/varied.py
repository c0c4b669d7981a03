"""Radiographs that differ a little: those of a site, in tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def vary(image: Path, folder: Path, count: int = 50) -> None:
    """Write images that differ from one a little in brightness."""
    folder.mkdir()
    pixels = np.asarray(Image.open(image).convert("L"))
    for number in range(count):
        darker = (pixels * (1 - number / 250)).astype(np.uint8)
        Image.fromarray(darker).save(folder / f"{number}.png")
