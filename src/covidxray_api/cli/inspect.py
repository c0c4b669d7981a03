"""The command that tells how a file is read: what a PACS engineer asks first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.texts import Language, message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from covidxray_api.decoding import Decoded

_SIDE, _PLOT = 640, (640, 200)
"""Longest side of the radiograph, and width and height of a histogram, in pixels."""


def inspect(
    file: Annotated[Path, typer.Argument(help="An image file.")],
    picture: Annotated[
        Path | None,
        typer.Option(help="PNG of the radiograph as it is read, with histograms before and after."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of what was assumed.")] = "en",
) -> None:
    """Show what a file states, how it is shown, and what was assumed."""
    from covidxray_api import decoding

    settings = read_settings()
    limits = decoding.Limits.of(settings)
    with told_plainly():
        try:
            data = file.read_bytes()
        except OSError as error:
            typer.echo(f"{file}: {error.strerror}", err=True)
            raise typer.Exit(1) from error
        found = decoding.inspect(data, limits)
    Console().print(_table(found, lang))
    if picture is not None:
        _drawn(found).save(picture, "PNG")


def _table(found: Decoded, lang: Language) -> Table:
    rows = Table("", "what", "value", show_lines=False)
    for name, value in found.stated.items():
        rows.add_row("stated", name, Text(value))
    rows.add_section()
    for number, step in enumerate(found.steps, 1):
        rows.add_row("shown", str(number), Text(step))
    rows.add_row("shown", "before", _spread(found.stored))
    rows.add_row("shown", "after", _spread(found.radiograph.pixels))
    rows.add_section()
    for code in found.radiograph.warnings:
        rows.add_row("assumed", code, Text(message(code, lang)))
    return rows


def _spread(values: NDArray[Any]) -> str:
    """Say where values lie: least, 1st, 50th and 99th percentile, greatest."""
    import numpy as np

    shares = np.percentile(values, [0, 1, 50, 99, 100])
    least, low, middle, high, most = (f"{share:g}" for share in shares)
    return f"{values.dtype}: {least} · 1 % {low} · 50 % {middle} · 99 % {high} · {most}"


def _drawn(found: Decoded) -> Image.Image:
    """Draw the radiograph, and beneath it the histograms before and after."""
    from PIL import Image, ImageDraw

    radiograph = Image.fromarray(found.radiograph.pixels)
    radiograph.thumbnail((_SIDE, _SIDE))
    width, height = _PLOT
    sheet = Image.new("L", (width, radiograph.height + 2 * (height + 20)), 255)
    sheet.paste(radiograph, ((width - radiograph.width) // 2, 0))
    drawing = ImageDraw.Draw(sheet)
    for number, (name, values) in enumerate(
        (("before", found.stored), ("after", found.radiograph.pixels))
    ):
        bottom = radiograph.height + (number + 1) * (height + 20)
        label = f"{name}: {values.min():g} - {values.max():g}"
        drawing.text((4, bottom - height - 16), label, fill=0)
        for column, bar in enumerate(_bars(values)):
            drawing.line((column, bottom, column, bottom - bar * (height - 4)), fill=80)
    return sheet


def _bars(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return a histogram of as many bars as a plot is wide; heights by square root, 0 to 1."""
    import numpy as np

    counts, _ = np.histogram(values.ravel(), bins=_PLOT[0])
    heights: NDArray[np.float64] = np.sqrt(counts / max(counts.max(), 1))
    return heights
