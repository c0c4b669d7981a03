"""What an answer says in words: the same in JSON, on the page, in the report and at the shell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from covidxray_api.explanation import Explanation
from covidxray_api.lungs import Spot
from covidxray_api.models.decision import Decision, PredictiveValues
from covidxray_api.models.evidence import Share
from covidxray_api.models.manifest import Label, Manifest
from covidxray_api.models.site import Rate, Site
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screening import NOT_A_CHEST_RADIOGRAPH, Screening, find_label
from covidxray_api.texts import MESSAGES, Language, message
from covidxray_api.texts.numbers import about_of_a_hundred, change, count, of_a_hundred, percent

PHOTOGRAPH = {"colour_photo_of_a_film", "taken_by_a_camera"}
"""Codes of the finding and of the warning that the image is a photograph."""

NORMAL = "normal"
BACTERIAL = "bacterial_pneumonia"

LIMITS: Mapping[str, str] = {
    NORMAL: "other_findings_not_looked_for",
    "covid_19": "other_pneumonia_alike",
    "viral_pneumonia": "bacterial_not_told_apart",
}
"""What an answer does not tell that names a label, by its code."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, with its code."""

    code: str
    message: str


def headline(label: Label, language: Language) -> str:
    """Return what a conclusive answer of a label says, in a few words."""
    return _named(f"headline_{label.code}", label, language)


def short_name(label: Label, manifest: Manifest, language: Language) -> str:
    """Return the name of a label beside its bar."""
    if label.code == NORMAL:
        return message(f"short_{NORMAL}{'_of_more' if len(manifest.labels) > 3 else ''}", language)
    return headline(label, language)


class Wording:
    """The words of an answer in a language.

    Parameters
    ----------
    screening : Screening
        The answer.
    language : str
        Language of the words.
    """

    def __init__(self, screening: Screening, language: Language) -> None:
        self.language = language
        self._screening = screening

    def headline(self, decision: Decision | None) -> str:
        """Return the answer in a few words: the label only if it is conclusive."""
        if decision is None:
            return self._refusal()
        if not decision.conclusive:
            return message("not_conclusive", self.language)
        return headline(decision.label, self.language)

    def limits(self, decision: Decision | None) -> list[Said]:
        """Return what the answer does not tell."""
        validation, manifest = self._screening.validation, self._screening.model.manifest
        labels = (decision.candidates or (decision.label,)) if decision else ()
        codes = [LIMITS[label.code] for label in labels if label.code in LIMITS]
        if BACTERIAL in manifest.codes:
            codes = [code for code in codes if code != "bacterial_not_told_apart"]
        found = (finding.code for finding in validation.consistency.findings)
        if not PHOTOGRAPH.isdisjoint((*found, *validation.warnings)):
            codes.append("photograph")
        if manifest.not_for_patients:
            codes.append("not_for_patients")
        return [Said(code, message(code, self.language)) for code in codes]

    def statement(self, decision: Decision | None) -> str:
        """Return the answer in sentences for a report, its limits among them."""
        manifest = self._screening.model.manifest
        model = f"{manifest.name} {manifest.version}"
        if decision is None or self._screening.probabilities is None:
            said = self._words("statement_rejected", model=model, reason=self._refusal())
        elif decision.conclusive:
            said = self._words(
                "statement",
                model=model,
                finding=self._finding(decision.label),
                share=self._share(decision.label),
            )
        else:
            candidates = "; ".join(self.candidates(decision))
            said = self._words("statement_not_conclusive", model=model, candidates=candidates)
        return " ".join((said, *(limit.message for limit in self.limits(decision))))

    def candidates(self, decision: Decision) -> list[str]:
        """Return the labels to be considered, each with its probability."""
        return [
            f"{headline(label, self.language)}: {self._share(label)}"
            for label in decision.candidates
        ]

    def figures(self, decision: Decision | None) -> Sequence[Said]:
        """Return what to expect of answers at the operating point of the decision."""
        if decision is None or decision.operating_point is None:
            return ()
        return figures(self._screening.model, decision.operating_point, self.language)

    def predictive_values(self, values: PredictiveValues) -> str:
        """Return what the answer is worth at the stated prevalence."""
        language = self.language
        target = find_label(self._screening.model.manifest, values.target)
        said = self._words(
            "predictive_values",
            target=headline(target, language),
            prevalence=of_a_hundred(values.prevalence, language),
            positive=about_of_a_hundred(values.positive, language),
            negative=about_of_a_hundred(values.negative, language),
        )
        return f"{said} {self._words('predictive_values_elsewhere')}" if values.elsewhere else said

    def _refusal(self) -> str:
        code = self._screening.validation.rejection or NOT_A_CHEST_RADIOGRAPH
        return message(code, self.language)

    def _finding(self, label: Label) -> str:
        said = MESSAGES.get(f"finding_{label.code}", MESSAGES["finding"])[self.language]
        return said.format(label=headline(label, self.language))

    def _share(self, label: Label) -> str:
        return percent((self._screening.probabilities or {})[label.code], self.language)

    def _words(self, code: str, **values: object) -> str:
        return message(code, self.language).format(**values)


def strongest_spot(spot: Spot, language: Language) -> Said:
    """Return where a saliency map is strongest."""
    right = spot.right
    values = {"n": count(right.n, language), **_rate(right, language)} if right else {}
    return _said(spot.place, language, **values)


def map_caption(found: Explanation, language: Language) -> list[str]:
    """Return what is drawn where a saliency map is laid over an image."""
    label = headline(found.label, language)
    drawn = [message("report_map", language).format(label=label)]
    return [*drawn, message("report_lungs", language)] if found.lungs else drawn


def about_map(found: Explanation, model: StoredModel, language: Language) -> list[str]:
    """Return all that is said under a saliency map; nothing if there is none."""
    spot = [strongest_spot(found.spot, language)] if found.spot else []
    return [said.message for said in (*spot, *explanation_notes(found, model, language))]


def explanation_notes(found: Explanation, model: StoredModel, language: Language) -> list[Said]:
    """Return what a saliency map of a model does and does not mean; nothing if there is none."""
    if found.map is None or found.drop is None or found.largest_drop is None:
        return []
    tested = _said(
        "map_tested",
        language,
        label=headline(found.label, language),
        marked=change(found.drop, language),
        other=change(found.largest_drop, language),
    )
    notes = [tested, _said("map_does_not_mean", language)]
    if outside := model.outside_lungs.get(found.label.code):
        notes.append(
            _said(
                "map_outside_lungs",
                language,
                label=headline(found.label, language),
                n=count(outside.n, language),
                **_rate(outside, language),
            )
        )
    return notes


@lru_cache(maxsize=256)
def figures(model: StoredModel, name: str, language: Language) -> tuple[Said, ...]:
    """Return what to expect of answers at an operating point, in sentences.

    It is worded once: for an answer at three points that took 0.5 ms of its time.

    Parameters
    ----------
    model : StoredModel
        The model.
    name : str
        Name of the operating point.
    language : str
        Language of the sentences.
    """
    point, site = model.manifest.operating_points[name], model.site
    target = headline(find_label(model.manifest, point.target), language)
    if site:
        return tuple(_at_site(site, name, target, language))
    elsewhere, said = model.elsewhere.get(name), []
    if elsewhere:
        said.append(
            _said(
                "false_positives_elsewhere",
                language,
                target=target,
                n=count(elsewhere.n, language),
                **_rate(elsewhere, language),
            )
        )
    if elsewhere and elsewhere.worst:
        worst = elsewhere.worst
        n = count(worst.n, language)
        said.append(_said("false_positives_at_worst", language, n=n, **_rate(worst, language)))
    home = _said(
        "measured_at_home",
        language,
        target=target,
        found=of_a_hundred(point.sensitivity, language),
        share=of_a_hundred(1 - point.specificity, language),
        cases=count(point.cases, language),
        controls=count(point.controls, language),
    )
    return (*(said or [_said("not_measured_elsewhere", language, target=target)]), home)


def _at_site(site: Site, name: str, target: str, language: Language) -> list[Said]:
    profile, point = site.profile, site.profile.operating_points[name]
    own = profile.cases_from == "site"
    return [
        _said(
            "false_positives_at_site",
            language,
            site=profile.name,
            target=target,
            n=count(profile.radiographs, language),
            **_rate(point.false_positive_rate, language),
        ),
        _said(
            "sensitivity_of_site" if own else "sensitivity_of_known_hospitals",
            language,
            target=target,
            n=count(profile.cases, language),
            **_rate(point.sensitivity, language),
        ),
    ]


def _rate(found: Rate | Share, language: Language) -> dict[str, str]:
    return {
        "share": of_a_hundred(found.value, language),
        "low": of_a_hundred(found.low, language),
        "high": of_a_hundred(found.high, language),
    }


def _said(code: str, language: Language, **values: str) -> Said:
    return Said(code, message(code, language).format(**values))


def _named(code: str, label: Label, language: Language) -> str:
    text = MESSAGES.get(code, label.display)
    return text[language]
