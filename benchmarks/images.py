"""What is sent: the composite films of `examples/`, at the sizes that hospitals export."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"

KINDS: Mapping[str, tuple[int, str]] = {
    "224² JPEG": (224, "JPEG"),
    "1024² JPEG": (1024, "JPEG"),
    "2048² JPEG": (2048, "JPEG"),
    "1024² PNG": (1024, "PNG"),
}
"""Side in pixels and format, by the name of the kind."""

MAIN = "1024² JPEG"
"""The kind of image that the targets are about."""


def images(kind: str) -> list[bytes]:
    """Return twelve images of a kind, each with an answer of its own."""
    side, file_format = KINDS[kind]
    made = []
    for name in ("normal", "covid_19", "viral_pneumonia"):
        with Image.open(EXAMPLES / f"{name}.png") as composite:
            film = composite.convert("L").resize((side, side), Image.Resampling.BICUBIC)
        for brightness in (1.0, 0.95, 0.9, 0.85):
            stream = io.BytesIO()
            film.point([int(level * brightness) for level in range(256)]).save(
                stream, file_format, quality=90
            )
            made.append(stream.getvalue())
    return made
