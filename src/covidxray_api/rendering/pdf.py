"""A page of A4 that says what was found, for the patient's folder; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from fpdf import FPDF
from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

from covidxray_api import __version__
from covidxray_api.explanation import NO_MAP, Explanation, overlay
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering.png import reduced
from covidxray_api.screening.screening import (
    NOT_A_CHEST_RADIOGRAPH,
    Explained,
    Screening,
    Validation,
    find_label,
)
from covidxray_api.texts import Language, message

MARGIN = 18
WIDTH = 210 - 2 * MARGIN
PLATE = (84, 76)
"""Width and height that a film has on the page, in millimetres."""

Colour = tuple[int, int, int]
INK: Colour = (28, 33, 40)
MUTED: Colour = (92, 101, 112)
BLUE: Colour = (30, 90, 140)
GRAY: Colour = (150, 160, 170)
PALE: Colour = (236, 239, 242)
AMBER: Colour = (255, 243, 205)
ORANGE: Colour = (217, 119, 6)


def render(explained: Explained, request_id: str, language: Language, made: datetime) -> bytes:
    """Render an answer as a PDF of one page.

    Parameters
    ----------
    explained : Explained
        The answer, and why.
    request_id : str
        Name of the request in the service's log.
    language : str
        Language of the words.
    made : datetime
        When, with its time zone.

    Returns
    -------
    bytes
        The same for the same arguments.
    """
    page, screening = _Page(language), explained.screening
    page.set_creation_date(made)
    page.head(f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC", request_id)
    page.films(explained)
    page.answer(screening)
    if screening.probabilities:
        page.bars(screening, screening.probabilities)
    page.image_remarks(screening.validation)
    page.model(screening.model)
    return bytes(page.output())


class _Page(FPDF):
    """The page; each part continues where the one before it has ended."""

    def __init__(self, language: Language) -> None:
        super().__init__(format="A4")
        self._language = language
        self.core_fonts_encoding = "cp1252"
        self.set_title(self._words("report_title"))
        self.set_lang(language)
        self.set_creator(f"covidxray-api {__version__}")
        self.set_margins(MARGIN, 14)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=12)
        self.add_page()

    def normalize_text(self, text: str) -> str:
        """Replace what the fonts of every reader do not have."""
        return super().normalize_text(text.encode("cp1252", "replace").decode("cp1252"))

    def head(self, made: str, request_id: str) -> None:
        """Say what this is, what it is not, and leave a line for the patient's name."""
        self._say(self._words("report_title"), size=17, style="B", line=8)
        request = self._words("report_request", name=request_id)
        self._say(f"{made}  ·  {request}", size=8, colour=MUTED)
        self.ln(3)
        top, height = self.y, 13
        self.set_fill_color(AMBER)
        self.rect(MARGIN, top, WIDTH, height, style="F")
        self.set_fill_color(ORANGE)
        self.rect(MARGIN, top, 1.5, height, style="F")
        self.set_xy(MARGIN + 5, top + 1.5)
        self._say(message("notice", self._language), size=10, style="B", line=5)
        self.set_y(top + height + 4)
        self._say(self._words("report_patient"), size=10, line=4)
        self.set_draw_color(INK)
        self.line(MARGIN + 32, self.y, MARGIN + WIDTH, self.y)
        self.set_x(MARGIN + 32)
        self._say(self._words("report_no_identity"), size=7, colour=MUTED)
        self.ln(4)

    def films(self, explained: Explained) -> None:
        """Show the film, and beside it the map or why there is none."""
        film, explanation = explained.radiograph.pixels, explained.explanation
        top, right = self.y, MARGIN + WIDTH - PLATE[0]
        self._plate(film, MARGIN, top, self._words("report_film"))
        below = self.y
        if explanation is None or explanation.map is None:
            self._blank_plate(right, top, self._why_no_map(explanation))
        else:
            caption = self._words(
                "report_map",
                label=explanation.label.display[self._language],
                marked=self._change(explanation.drop),
                other=self._change(explanation.random_drop),
            )
            self._plate(overlay(film, explanation.map), right, top, caption)
        self.set_y(max(self.y, below) + 3)

    def answer(self, screening: Screening) -> None:
        """Say the label, and whether it is the only one that is possible."""
        self._heading("report_answer")
        predicted = screening.predicted
        if predicted is None:
            code = screening.validation.rejection or NOT_A_CHEST_RADIOGRAPH
            self._say(message(code, self._language), size=15, style="B", line=8)
            return
        self._say(predicted.display[self._language], size=15, style="B", line=8)
        if screening.uncertain:
            names = [label.display[self._language] for label in screening.prediction_set]
            code = "report_uncertain" if names else "report_none_fits"
            self._say(self._words(code, labels=", ".join(names)), size=10, style="B")
        self.ln(1.5)

    def bars(self, screening: Screening, probabilities: Mapping[str, float]) -> None:
        """Show the probability of each label, and by what rule one of them is the answer."""
        manifest, chosen = screening.model.manifest, screening.operating_point
        point = manifest.operating_points[chosen] if chosen else None
        for label in manifest.labels:
            name = label.display[self._language]
            threshold = point.threshold.get(label.code) if point else None
            given = label == screening.predicted
            self._bar(name, probabilities[label.code], threshold, given)
        self.ln(1)
        if point is None:
            rule = self._words("report_no_rule")
        else:
            rule = self._words(
                "report_rule",
                name=chosen,
                target=find_label(manifest, point.target).display[self._language],
                sensitivity=self._share(point.sensitivity),
                specificity=self._share(point.specificity),
                with_it=point.films[0],
                without_it=point.films[1],
            )
        self._say(rule, size=8, colour=MUTED)

    def image_remarks(self, validation: Validation) -> None:
        """Say what else was seen of the image and its file."""
        self._heading("report_image")
        found = validation.consistency
        score, least = found.score, found.least_score
        if score is None or least is None:
            score, least = found.ssim, found.threshold
        likeness = self._words(
            "report_likeness", score=self._number(score), least=self._number(least)
        )
        codes = [*(finding.code for finding in found.findings), *validation.warnings]
        for said in (likeness, *(message(code, self._language) for code in codes)):
            self._say(f"–  {said}", size=9)

    def model(self, stored: StoredModel) -> None:
        """Say which network answered."""
        self._heading("report_model")
        self._say(f"{stored.manifest.name} {stored.manifest.version}", size=9)
        self._say(f"SHA-256 {stored.sha256}  ·  covidxray-api {__version__}", size=7, colour=MUTED)

    def _heading(self, code: str) -> None:
        self.ln(3)
        self._say(self._words(code).upper(), size=8, style="B", colour=BLUE)
        self.set_draw_color(PALE)
        self.line(MARGIN, self.y, MARGIN + WIDTH, self.y)
        self.ln(1.5)

    def _say(
        self,
        text: str,
        *,
        size: float,
        style: str = "",
        colour: Colour = INK,
        line: float | None = None,
        width: float = 0,
    ) -> None:
        self.set_font("helvetica", style, size)
        self.set_text_color(colour)
        # A line is half as high again as its letters; a point is 0.353 mm.
        height = line or size * 0.353 * 1.35
        self.multi_cell(width, height, text, align="L", new_x="LEFT", new_y="NEXT")
        self.set_x(MARGIN)

    def _plate(self, pixels: NDArray[uint8], x: float, y: float, caption: str) -> None:
        self._panel(x, y)
        picture = Image.fromarray(reduced(pixels))
        self.image(picture, x, y, *PLATE, keep_aspect_ratio=True)
        self.set_xy(x, y + PLATE[1] + 1)
        self._say(caption, size=8, colour=MUTED, width=PLATE[0])

    def _blank_plate(self, x: float, y: float, reason: str) -> None:
        self._panel(x, y)
        self.set_xy(x + 8, y + PLATE[1] / 2 - 6)
        self._say(reason, size=9, colour=MUTED, width=PLATE[0] - 16)

    def _panel(self, x: float, y: float) -> None:
        self.set_fill_color(PALE)
        self.rect(x, y, *PLATE, style="F")

    def _bar(self, name: str, share: float, threshold: float | None, given: bool) -> None:
        top, left, width, height = self.y, MARGIN + 44, 82, 4
        self.set_fill_color(PALE)
        self.rect(left, top, width, height, style="F")
        self.set_fill_color(BLUE if given else GRAY)
        self.rect(left, top, width * share, height, style="F")
        if threshold is not None and threshold <= 1:
            self.set_draw_color(INK)
            self.line(
                left + width * threshold, top - 0.8, left + width * threshold, top + height + 0.8
            )
        figures = self._share(share)
        if threshold is not None:
            figures += "  ·  " + self._words("report_threshold", share=self._share(threshold))
        self._say(name, size=9.5, style="B" if given else "", line=height, width=44)
        self.set_xy(left + width + 3, top)
        self._say(figures, size=8.5, line=height)
        self.set_y(top + height + 2.2)

    def _why_no_map(self, explanation: Explanation | None) -> str:
        if explanation is None:
            return self._words("report_no_map")
        return message(explanation.withheld or NO_MAP, self._language)

    def _words(self, code: str, **values: object) -> str:
        return message(code, self._language).format(**values)

    def _share(self, share: float) -> str:
        return f"{self._number(100 * share, 1)}\N{NO-BREAK SPACE}%"

    def _change(self, drop: float | None) -> str:
        return self._number(-100 * (drop or 0), 1).replace("-", "–")

    def _number(self, value: float, digits: int = 2) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self._language == "es" else text
