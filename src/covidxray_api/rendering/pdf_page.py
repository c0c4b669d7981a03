"""What stands on the report: a page of A4 for the patient's folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from covidxray_api import __version__
from covidxray_api.explanation import NO_MAP, Explanation, overlay
from covidxray_api.models.decision import Decision
from covidxray_api.rendering.png import reduced
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.sheet import MARGIN, MUTED, PLATE, WIDTH, Sheet
from covidxray_api.screening.screening import (
    NOT_A_CHEST_RADIOGRAPH,
    Explained,
    Screening,
    find_label,
)
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import change, count, number, percent, probability


def draw(explained: Explained, context: Context) -> bytes:
    """Return the page as PDF."""
    title = message("report_title", context.language)
    sheet = Sheet(title, context.language, context.made)
    _Page(sheet, context.language).fill(explained, context)
    return bytes(sheet.output())


class _Page:
    """The parts of the page, in their order."""

    def __init__(self, sheet: Sheet, language: Language) -> None:
        self._sheet = sheet
        self._language = language

    def fill(self, explained: Explained, context: Context) -> None:
        screening = explained.screening
        self._head(context)
        self._pictures(explained)
        self._answer(screening)
        if screening.probabilities and screening.decision:
            self._bars(screening, screening.probabilities, screening.decision)
        self._image(screening)
        self._model(screening)

    def _head(self, context: Context) -> None:
        sheet = self._sheet
        sheet.say(self._words("report_title"), size=17, style="B", line=8)
        request = self._words("report_request", name=context.request_id)
        made = f"{context.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        self._small(f"{made}  ·  {request}", size=8)
        sheet.ln(3)
        sheet.warning(self._words("notice"))
        sheet.blank_line(self._words("report_patient"), self._words("report_no_identity"))

    def _pictures(self, explained: Explained) -> None:
        sheet, pixels, why = self._sheet, explained.radiograph.pixels, explained.explanation
        top, right = sheet.y, MARGIN + WIDTH - PLATE[0]
        drawn = reduced(pixels)
        height, width = drawn.shape
        caption = self._words("report_film", width=width, height=height)
        sheet.plate(drawn, MARGIN, top, caption)
        below = sheet.y
        if why is None or why.map is None:
            sheet.blank_plate(right, top, self._why_no_map(why))
        else:
            caption = self._words(
                "report_map",
                label=why.label.display[self._language],
                marked=change(why.drop or 0, self._language),
                other=change(why.random_drop or 0, self._language),
            )
            sheet.plate(reduced(overlay(pixels, why.map)), right, top, caption)
        sheet.set_y(max(sheet.y, below) + 3)

    def _answer(self, screening: Screening) -> None:
        sheet, decision = self._sheet, screening.decision
        sheet.heading(self._words("report_answer"))
        if decision is None:
            code = screening.validation.rejection or NOT_A_CHEST_RADIOGRAPH
            sheet.say(self._words(code), size=15, style="B", line=8)
            return
        sheet.say(decision.label.display[self._language], size=15, style="B", line=8)
        rule = screening.model.manifest.prediction_set
        if decision.uncertain:
            names = ", ".join(label.display[self._language] for label in decision.prediction_set)
            sheet.say(self._words("report_uncertain", labels=names), size=10, style="B")
        elif rule:
            coverage = percent(rule.coverage, self._language)
            sheet.say(self._words("report_alone", coverage=coverage), size=8.5)
        else:
            sheet.say(self._words("report_alone_unmeasured"), size=8.5)
        sheet.ln(1.5)

    def _bars(
        self, screening: Screening, probabilities: Mapping[str, float], decision: Decision
    ) -> None:
        language, manifest = self._language, screening.model.manifest
        for label in manifest.labels:
            share, cut_off = probabilities[label.code], decision.cut_offs[label.code]
            mark = self._words("report_cut_off", share=probability(cut_off, language))
            self._sheet.bar(
                label.display[language],
                share,
                cut_off,
                f"{probability(share, language)}  ·  {mark}",
                strong=label == decision.label,
            )
        self._sheet.ln(1)
        said = self._words("report_no_point")
        if name := decision.operating_point:
            point = manifest.operating_points[name]
            said = self._words(
                "report_point",
                name=name,
                target=find_label(manifest, point.target).display[language],
                sensitivity=percent(point.sensitivity, language),
                specificity=percent(point.specificity, language),
                cases=count(point.cases, language),
                controls=count(point.controls, language),
            )
        self._small(" ".join((self._words("report_rule"), said)), size=8)

    def _image(self, screening: Screening) -> None:
        self._sheet.heading(self._words("report_image"))
        found, language = screening.validation.consistency, self._language
        if found.score is None or found.least_score is None:
            score, least = number(found.ssim, language), number(found.threshold, language)
        else:
            score, least = probability(found.score, language), percent(found.least_score, language)
        likeness = self._words("report_likeness", score=score, least=least)
        codes = [*(finding.code for finding in found.findings), *screening.validation.warnings]
        for said in (likeness, *map(self._words, codes)):
            self._sheet.say(f"–  {said}", size=9)

    def _model(self, screening: Screening) -> None:
        sheet, manifest, stored = self._sheet, screening.model.manifest, screening.model
        sheet.heading(self._words("report_model"))
        gate = screening.validation.consistency.gate
        parts = (
            f"{manifest.name} {manifest.version}",
            self._words("report_engine", name=screening.engine),
            self._words("report_gate", version=gate) if gate else self._words("report_no_gate"),
        )
        sheet.say("  ·  ".join(parts), size=9)
        if site := stored.site:
            n = count(site.profile.radiographs, self._language)
            said = [self._words("report_site", name=site.profile.name, radiographs=n)]
            if screening.p_value is not None:
                share = probability(screening.p_value, self._language)
                said.append(self._words("report_p_value", share=share))
            self._small(f"{'; '.join(said)}  ·  SHA-256 {site.sha256}", size=7)
        self._small(f"SHA-256 {stored.sha256}  ·  covidxray-api {__version__}", size=7)

    def _small(self, text: str, size: float) -> None:
        self._sheet.say(text, size=size, colour=MUTED)

    def _why_no_map(self, explanation: Explanation | None) -> str:
        if explanation is None:
            return self._words("report_no_map")
        return self._words(explanation.withheld or NO_MAP)

    def _words(self, code: str, **values: object) -> str:
        return message(code, self._language).format(**values)
