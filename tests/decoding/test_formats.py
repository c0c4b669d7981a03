"""docs/formats.md says what is read, and each line of it is sent."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import UID
from tests.decoding.corpus import DEEP, rasters, syntaxes

from covidxray_api.decoding import Limits, decode
from covidxray_api.decoding.formats import RASTERS, TRANSFER_SYNTAXES, UNREAD

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
BEGIN, END = "<!-- made from decoding/formats.py -->\n", "<!-- end -->\n"
LIMITS = Limits(max_pixels=1_000_000, min_side=32)
SHOWN = np.rint(DEEP / 4095 * 255)


def table() -> str:
    """The part of the page that the tables of the package make."""
    syntax_rows = (f"| {uid.name} | `{uid}` | {by} |" for uid, by in TRANSFER_SYNTAXES.items())
    raster_rows = (
        f"| {raster.name} | `{media_type}` | {raster.features} | {raster.library} |"
        for media_type, raster in RASTERS.items()
    )
    return "\n".join(
        [
            "## DICOM (`application/dicom`)\n",
            "| transfer syntax | UID | decoded by |\n|---|---|---|",
            *syntax_rows,
            "\n## Raster formats\n",
            "| format | media type | what is read | decoded by |\n|---|---|---|---|",
            *raster_rows,
            f"\nKnown and refused by name: {', '.join(UNREAD)}.\n",
        ]
    )


def test_the_page_says_what_the_tables_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    assert page[begin:end] == table(), "run `python -m tests.decoding.test_formats`"


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_every_transfer_syntax_is_read(syntax: UID) -> None:
    pixels = decode(syntaxes()[syntax], LIMITS).pixels
    assert np.abs(pixels - SHOWN).max() <= 2


@pytest.mark.parametrize("name", rasters())
def test_every_raster_format_is_read(name: str) -> None:
    film = decode(rasters()[name], LIMITS)
    assert film.media_type == name.split()[0]
    assert np.abs(film.pixels - SHOWN).max() <= 2


def test_every_raster_format_has_a_file() -> None:
    assert {name.split()[0] for name in rasters()} == set(RASTERS)


if __name__ == "__main__":
    said = PAGE.read_text(encoding="utf-8")
    head, tail = said[: said.index(BEGIN) + len(BEGIN)], said[said.index(END) :]
    PAGE.write_text(head + table() + tail, encoding="utf-8")
