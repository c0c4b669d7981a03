"""A sheet of A4, on which each part continues where the one before it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from fpdf import FPDF
from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

from covidxray_api import __version__

MARGIN = 18
WIDTH = 210 - 2 * MARGIN
PLATE = (84, 76)
"""Width and height that a picture has on the sheet, in millimetres."""

Colour = tuple[int, int, int]
INK: Colour = (28, 33, 40)
MUTED: Colour = (92, 101, 112)
BLUE: Colour = (30, 90, 140)
GRAY: Colour = (150, 160, 170)
PALE: Colour = (236, 239, 242)
AMBER: Colour = (255, 243, 205)
ORANGE: Colour = (217, 119, 6)


class Sheet(FPDF):
    """Sheets of A4 with text, pictures and bars.

    Parameters
    ----------
    title : str
        Title of the document, on each sheet.
    language : str
        Language of its words.
    made : datetime
        When it was made, with its time zone.
    below_title : str
        What stands below the title on each sheet.
    by_hand : tuple of str
        Words before a blank line on each sheet, and below it.
    """

    def __init__(
        self,
        title: str,
        language: str,
        made: datetime,
        below_title: str,
        by_hand: tuple[str, str],
    ) -> None:
        super().__init__(format="A4")
        self._below_title = below_title
        self._by_hand = by_hand
        self.core_fonts_encoding = "cp1252"
        self.set_title(title)
        self.set_lang(language)
        self.set_creator(f"covidxray-api {__version__}")
        self.set_creation_date(made)
        self.set_margins(MARGIN, 14)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=12)
        self.add_page()

    def header(self) -> None:
        """Begin a sheet: whose it is must be plain where sheets come apart."""
        self.say(self.title or "", size=17, style="B", line=8)
        self.say(self._below_title, size=8, colour=MUTED)
        self.ln(3)
        self.blank_line(*self._by_hand)

    def footer(self) -> None:
        """End a sheet."""
        self.set_y(-11)
        self.say(f"{self.page_no()} / {{nb}}", size=8, colour=MUTED)

    def normalize_text(self, text: str) -> str:
        """Replace what the fonts of every reader do not have."""
        dashed = text.replace("\N{MINUS SIGN}", "\N{EN DASH}")
        return super().normalize_text(dashed.encode("cp1252", "replace").decode("cp1252"))

    def say(
        self,
        text: str,
        *,
        size: float,
        style: str = "",
        colour: Colour = INK,
        line: float | None = None,
        width: float = 0,
    ) -> None:
        """Write text from here on; its size is in points, line and width are in millimetres."""
        self.set_font("helvetica", style, size)
        self.set_text_color(colour)
        # A line is half as high again as its letters; a point is 0.353 mm.
        height = line or size * 0.353 * 1.35
        self.multi_cell(width, height, text, align="L", new_x="LEFT", new_y="NEXT")
        self.set_x(self.l_margin)

    @contextmanager
    def right_of(self, x: float) -> Iterator[None]:
        """Write to the right of `x`, in millimetres."""
        self.set_left_margin(x)
        self.set_x(x)
        try:
            yield
        finally:
            self.set_left_margin(MARGIN)
            self.set_x(MARGIN)

    def heading(self, text: str) -> None:
        """Begin a part."""
        self.ln(3)
        self.say(text.upper(), size=8, style="B", colour=BLUE)
        self.set_draw_color(PALE)
        self.line(self.l_margin, self.y, MARGIN + WIDTH, self.y)
        self.ln(1.5)

    def warning(self, text: str) -> None:
        """Write a sentence that nobody shall miss."""
        top, height = self.y, 13
        self.set_fill_color(AMBER)
        self.rect(MARGIN, top, WIDTH, height, style="F")
        self.set_fill_color(ORANGE)
        self.rect(MARGIN, top, 1.5, height, style="F")
        self.set_xy(MARGIN + 5, top + 1.5)
        self.say(text, size=10, style="B", line=5)
        self.set_y(top + height + 4)

    def blank_line(self, text: str, below: str) -> None:
        """Leave a line to be filled by hand."""
        self.say(text, size=10, line=4)
        self.set_draw_color(INK)
        self.line(MARGIN + 32, self.y, MARGIN + WIDTH, self.y)
        self.set_x(MARGIN + 32)
        self.say(below, size=7, colour=MUTED)
        self.ln(4)

    def plate(self, pixels: NDArray[uint8], x: float, y: float, caption: str) -> None:
        """Draw a picture, gray or in colours, and its caption below."""
        self._panel(x, y)
        self.image(Image.fromarray(pixels), x, y, *PLATE, keep_aspect_ratio=True)
        self.set_xy(x, y + PLATE[1] + 1)
        self.say(caption, size=7, colour=MUTED, width=PLATE[0])

    def blank_plate(self, x: float, y: float, reason: str) -> None:
        """Say why there is no picture, in its place."""
        self._panel(x, y)
        self.set_xy(x + 8, y + PLATE[1] / 2 - 6)
        self.say(reason, size=9, colour=MUTED, width=PLATE[0] - 16)

    def bar(self, name: str, share: float, mark: float, figures: str, *, strong: bool) -> None:
        """Draw a share, 0 to 1, as a bar with a line across it at `mark`."""
        top, left, width, height = self.y, MARGIN + 44, 78, 4
        self.set_fill_color(PALE)
        self.rect(left, top, width, height, style="F")
        self.set_fill_color(BLUE if strong else GRAY)
        self.rect(left, top, width * share, height, style="F")
        self.set_draw_color(INK)
        x = left + width * mark
        self.line(x, top - 0.8, x, top + height + 0.8)
        self.say(name, size=9.5, style="B" if strong else "", line=height, width=44)
        self.set_xy(left + width + 3, top)
        self.say(figures, size=8.5, line=height)
        self.set_y(top + height + 2.2)

    def _panel(self, x: float, y: float) -> None:
        self.set_fill_color(PALE)
        self.rect(x, y, *PLATE, style="F")
