"""What stands on the report, on sheets of A4 for the patient's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

from covidxray_api import __version__
from covidxray_api.explanation import NO_MAP, Explanation, overlay
from covidxray_api.models.decision import Decision
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering.png import reduced
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.sheet import MARGIN, MUTED, PLATE, WIDTH, Sheet
from covidxray_api.rendering.wording import Wording, about_map, map_caption, short_name
from covidxray_api.screening.screening import Explained, Screening
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import count, number, percent


def draw(explained: Explained, context: Context) -> bytes:
    """Return the report as PDF."""
    language = context.language
    made = f"{context.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    named = [message("report_request", language).format(name=context.request_id)]
    if context.reference:
        named.insert(0, message("report_reference", language).format(name=context.reference))
    sheet = Sheet(
        message("report_title", language),
        language,
        context.made,
        "  ·  ".join((made, *named)),
        (message("report_patient", language), message("report_no_identity", language)),
    )
    _Report(sheet, explained.screening, language).fill(explained)
    return bytes(sheet.output())


class _Report:
    """The parts of the report, in their order."""

    def __init__(self, sheet: Sheet, screening: Screening, language: Language) -> None:
        self._sheet = sheet
        self._screening = screening
        self._language = language
        self._wording = Wording(screening, language)

    def fill(self, explained: Explained) -> None:
        screening, why = self._screening, explained.explanation
        self._sheet.warning(self._words("notice"))
        if why:
            self._pictures(explained.radiograph, why)
            self._answer(screening.decision)
        else:
            self._picture_and_answer(explained.radiograph)
        if screening.probabilities and screening.decision:
            self._bars(screening.probabilities, screening.decision)
            self._figures(screening.decision)
        self._image()
        self._model()

    def _picture_and_answer(self, radiograph: Radiograph) -> None:
        sheet = self._sheet
        top = sheet.y
        self._plate(radiograph)
        below = sheet.y
        sheet.set_y(top - 3)
        with sheet.right_of(MARGIN + WIDTH - PLATE[0]):
            self._answer(self._screening.decision)
        sheet.set_y(max(sheet.y, below) + 3)

    def _pictures(self, radiograph: Radiograph, why: Explanation) -> None:
        sheet, right = self._sheet, MARGIN + WIDTH - PLATE[0]
        top = sheet.y
        self._plate(radiograph)
        below = sheet.y
        if why.map is None:
            sheet.blank_plate(right, top, self._words(why.withheld or NO_MAP))
        else:
            drawn = reduced(overlay(radiograph.pixels, why.map, why.lungs or ()))
            said = about_map(why, self._screening.model, self._language)
            sheet.plate(drawn, right, top, " ".join((*map_caption(why, self._language), *said)))
        sheet.set_y(max(sheet.y, below) + 3)

    def _plate(self, radiograph: Radiograph) -> None:
        drawn = reduced(radiograph.pixels)
        height, width = drawn.shape
        caption = self._words("report_film", width=width, height=height)
        self._sheet.plate(drawn, MARGIN, self._sheet.y, caption)

    def _answer(self, decision: Decision | None) -> None:
        sheet = self._sheet
        sheet.heading(self._words("report_answer"))
        sheet.say(self._wording.headline(decision), size=15, style="B", line=7)
        if decision:
            for candidate in self._wording.candidates(decision):
                sheet.say(candidate, size=11, style="B")
        sheet.ln(1)
        sheet.say(self._wording.statement(decision), size=9.5)
        sheet.ln(1.5)

    def _bars(self, probabilities: Mapping[str, float], decision: Decision) -> None:
        language, manifest = self._language, self._screening.model.manifest
        for label in manifest.labels:
            share, cut_off = probabilities[label.code], decision.cut_offs[label.code]
            mark = self._words("report_cut_off", share=percent(cut_off, language))
            self._sheet.bar(
                short_name(label, manifest, language),
                share,
                cut_off,
                f"{percent(share, language)}  ·  {mark}",
                strong=decision.conclusive and label == decision.label,
            )
        self._sheet.ln(1)
        name = decision.operating_point
        point = self._words("report_point", name=name) if name else self._words("report_no_point")
        self._small(f"{point} {self._words('report_rule')}", size=8)

    def _figures(self, decision: Decision) -> None:
        said = [figure.message for figure in self._wording.figures(decision)]
        if decision.predictive_values:
            said.append(self._wording.predictive_values(decision.predictive_values))
        if said:
            self._sheet.heading(self._words("report_figures"))
            self._list(said)

    def _image(self) -> None:
        self._sheet.heading(self._words("report_image"))
        validation, language = self._screening.validation, self._language
        found = validation.consistency
        if found.score is None or found.least_score is None:
            score, least = number(found.ssim, language), number(found.threshold, language)
        else:
            score, least = percent(found.score, language), percent(found.least_score, language)
        codes = [*(finding.code for finding in found.findings), *validation.warnings]
        likeness = self._words("report_likeness", score=score, least=least)
        self._list([likeness, *map(self._words, codes)])

    def _model(self) -> None:
        sheet, stored, language = self._sheet, self._screening.model, self._language
        manifest, gate = stored.manifest, self._screening.validation.consistency.gate
        sheet.heading(self._words("report_model"))
        parts = (
            f"{manifest.name} {manifest.version}",
            self._words("report_engine", name=self._screening.engine),
            self._words("report_gate", version=gate) if gate else self._words("report_no_gate"),
        )
        sheet.say("  ·  ".join(parts), size=9)
        if site := stored.site:
            n = count(site.profile.radiographs, language)
            said = [self._words("report_site", name=site.profile.name, radiographs=n)]
            if labels := site.profile.labelled:
                labelled = count(labels.radiographs, language)
                said.append(self._words("report_labelled", labelled=labelled))
            if self._screening.p_value is not None:
                share = percent(self._screening.p_value, language)
                said.append(self._words("report_p_value", share=share))
            self._small(f"{'; '.join(said)}  ·  SHA-256 {site.sha256}", size=7)
        self._small(f"SHA-256 {stored.sha256}  ·  covidxray-api {__version__}", size=7)

    def _list(self, sentences: Iterable[str]) -> None:
        for said in sentences:
            self._sheet.say(f"–  {said}", size=9)

    def _small(self, text: str, size: float) -> None:
        self._sheet.say(text, size=size, colour=MUTED)

    def _words(self, code: str, **values: object) -> str:
        return message(code, self._language).format(**values)
