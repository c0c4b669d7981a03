"""From the domain's answers to the JSON of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeVar

from covidxray_api.consistency import Consistency
from covidxray_api.explanation import Explanation
from covidxray_api.models.decision import Decision
from covidxray_api.models.site import Site
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering import schemas
from covidxray_api.rendering.renderer import Answer, Context
from covidxray_api.rendering.wording import (
    Said,
    Wording,
    explanation_notes,
    figures,
    headline,
    short_name,
    strongest_spot,
)
from covidxray_api.screening.screening import Explained, Screening, Validation
from covidxray_api.texts import LANGUAGES, Language, message

Coded = TypeVar("Coded", bound=schemas.Coded)


class Json:
    """Writes an answer in full, for programs."""

    media_type = "application/json"
    answers = (Validation, Screening, Explained)

    def render(self, answer: Answer, context: Context) -> bytes:
        """Return the JSON of one of `schemas.Validation`, `Prediction` and `Explained`."""
        return _document(answer, context).model_dump_json().encode()


def _document(answer: Answer, context: Context) -> schemas.Schema:
    language, request_id, reference = context.language, context.request_id, context.reference
    match answer:
        case Validation():
            validated = validation_answer(answer, language, reference)
            return schemas.Validation(request_id=request_id, **dict(validated))
        case Screening():
            return prediction(answer, context)
        case Explained(explanation=found):
            return schemas.Explained(
                request_id=request_id,
                explanation=explanation(found, answer.screening.model, language) if found else None,
                **dict(screening_answer(answer.screening, language, reference)),
            )
    raise TypeError(f"{type(answer).__name__} has no JSON")


def prediction(screening: Screening, context: Context) -> schemas.Prediction:
    """Return the answer of a screening to a request."""
    screened = screening_answer(screening, context.language, context.reference)
    return schemas.Prediction(request_id=context.request_id, **dict(screened))


def screening_answer(
    screening: Screening, language: Language, reference: str | None = None
) -> schemas.ScreeningAnswer:
    """Return the answer of a screening."""
    found, decision = screening.validation, screening.decision
    wording = Wording(screening, language)
    decisions = {name: _decision(made, wording) for name, made in screening.decisions.items()}
    return schemas.ScreeningAnswer(
        rejected=found.rejection is not None,
        rejection=_rejection(found, language),
        operating_point=screening.operating_point,
        probabilities=dict(screening.probabilities) if screening.probabilities else None,
        **(dict(decisions[screening.operating_point]) if decision else _undecided(wording)),
        decisions={name: made for name, made in decisions.items() if name},
        consistency=_consistency(found.consistency, language),
        model=schemas.AnsweringModel(**dict(identity(screening.model)), engine=screening.engine),
        site=_answering_site(screening),
        warnings=_coded(found.warnings, language, schemas.Warned),
        reference=reference,
        notice=message("notice", language),
    )


def explanation(found: Explanation, model: StoredModel, language: Language) -> schemas.Explanation:
    """Return why a label is given."""
    return schemas.Explanation(
        label=found.label.code,
        display_label=found.label.display[language],
        withheld=_coded_one(found.withheld, language, schemas.Withheld),
        map=None
        if found.map is None
        else schemas.ExplanationMap(
            height=found.map.shape[0],
            width=found.map.shape[1],
            values=found.map.round(3).tolist(),
        ),
        drop=found.drop,
        random_drop=found.random_drop,
        largest_drop=found.largest_drop,
        lungs=None
        if found.lungs is None
        else [[schemas.Point(x=x, y=y) for x, y in outline] for outline in found.lungs],
        strongest_spot=None
        if found.spot is None
        else schemas.StrongestSpot(
            **asdict(strongest_spot(found.spot, language)), lung_finder=found.spot.lung_finder
        ),
        notes=_said(explanation_notes(found, model, language), schemas.Note),
    )


def validation_answer(
    found: Validation, language: Language, reference: str | None = None
) -> schemas.ValidationAnswer:
    """Return the answer about consistency alone."""
    return schemas.ValidationAnswer(
        rejected=found.rejection is not None,
        rejection=_rejection(found, language),
        consistency=_consistency(found.consistency, language),
        warnings=_coded(found.warnings, language, schemas.Warned),
        reference=reference,
        notice=message("notice", language),
    )


def identity(stored: StoredModel) -> schemas.ModelIdentity:
    """Return which model it is."""
    manifest = stored.manifest
    return schemas.ModelIdentity(name=manifest.name, version=manifest.version, sha256=stored.sha256)


def description(
    stored: StoredModel, default: str, evidence: bool = True
) -> schemas.ModelDescription:
    """Return what a model says of itself, and with `evidence` how it was trained and measured."""
    manifest, rule = stored.manifest, stored.manifest.prediction_set
    return schemas.ModelDescription(
        **dict(identity(stored)),
        description=manifest.description,
        default=manifest.name == default,
        labels=[
            schemas.LabelNames(
                code=label.code,
                display=dict(label.display),
                headline={language: headline(label, language) for language in LANGUAGES},
                short={language: short_name(label, manifest, language) for language in LANGUAGES},
            )
            for label in manifest.labels
        ],
        input_size=manifest.preprocessing.size,
        preprocessing=schemas.Preprocessing(**manifest.preprocessing.model_dump()),
        operating_points={
            name: schemas.OperatingPoint(
                cut_offs=point.cut_offs,
                elsewhere=_elsewhere(stored, name),
                figures={
                    language: _said(figures(stored, name, language), schemas.Figure)
                    for language in LANGUAGES
                },
                **point.model_dump(),
            )
            for name, point in manifest.operating_points.items()
        },
        site=_site_description(stored.site) if stored.site else None,
        conclusive_from=manifest.conclusive_from,
        not_for_patients=manifest.not_for_patients,
        coverage=rule.coverage if rule else None,
        training=dict(manifest.training) if evidence else {},
        metrics=dict(stored.evidence) if evidence else {},
    )


def _elsewhere(stored: StoredModel, name: str) -> schemas.Elsewhere | None:
    found = stored.elsewhere.get(name)
    return schemas.Elsewhere(**found.model_dump()) if found else None


def _site(site: Site) -> schemas.Site:
    profile = site.profile
    return schemas.Site(
        name=profile.name,
        radiographs=profile.radiographs,
        labelled=profile.labelled.radiographs if profile.labelled else 0,
        sha256=site.sha256,
    )


def _answering_site(screening: Screening) -> schemas.AnsweringSite | None:
    site = screening.model.site
    if site is None:
        return None
    return schemas.AnsweringSite(**dict(_site(site)), p_value=screening.p_value)


def _site_description(site: Site) -> schemas.SiteDescription:
    profile = site.profile
    return schemas.SiteDescription(
        **dict(_site(site)),
        operating_points={
            name: schemas.SitePoint(**point.model_dump(exclude={"weight"}))
            for name, point in profile.operating_points.items()
        },
        cases_from=profile.cases_from,
        shift=profile.shift,
        remoteness=schemas.SiteRemoteness(**profile.remoteness.model_dump())
        if profile.remoteness
        else None,
        labels=schemas.SiteLabels(**profile.labelled.model_dump()) if profile.labelled else None,
        doubts=list(profile.doubts),
    )


def _decision(made: Decision, wording: Wording) -> schemas.Decision:
    return schemas.Decision(
        predicted_label=made.label.code,
        display_label=made.label.display[wording.language],
        cut_offs=dict(made.cut_offs),
        prediction_set=[label.code for label in made.prediction_set],
        uncertain=made.uncertain,
        **_worded(made, wording),
    )


def _undecided(wording: Wording) -> dict[str, Any]:
    """Return the same fields of the answer to an image that was rejected."""
    return {
        "predicted_label": None,
        "display_label": None,
        "cut_offs": None,
        "prediction_set": None,
        "uncertain": False,
        **_worded(None, wording),
    }


def _worded(made: Decision | None, wording: Wording) -> dict[str, Any]:
    """Return what an answer, and each of its decisions, says in words."""
    values = made.predictive_values if made else None
    return {
        "conclusive": made.conclusive if made else False,
        "headline": wording.headline(made),
        "candidates": [
            schemas.Candidate(code=label.code, display=headline(label, wording.language))
            for label in (made.candidates if made else ())
        ],
        "statement": wording.statement(made),
        "limits": _said(wording.limits(made), schemas.Limit),
        "figures": _said(wording.figures(made), schemas.Figure),
        "predictive_values": schemas.PredictiveValues(
            **asdict(values), message=wording.predictive_values(values)
        )
        if values
        else None,
    }


def _said(sentences: Iterable[Said], kind: type[Coded]) -> list[Coded]:
    return [kind(code=said.code, message=said.message) for said in sentences]


def _rejection(found: Validation, language: Language) -> schemas.Rejection | None:
    return _coded_one(found.rejection, language, schemas.Rejection)


def _coded_one(code: str | None, language: Language, kind: type[Coded]) -> Coded | None:
    return _coded([code], language, kind)[0] if code else None


def _coded(codes: Iterable[str], language: Language, kind: type[Coded]) -> list[Coded]:
    return [kind(code=code, message=message(code, language)) for code in codes]


def _consistency(found: Consistency, language: Language) -> schemas.ConsistencyCheck:
    return schemas.ConsistencyCheck(
        consistent=found.consistent,
        gate=found.gate,
        score=found.score,
        least_score=found.least_score,
        ssim=found.ssim,
        threshold=found.threshold,
        findings=[
            schemas.Finding(
                code=finding.code, message=message(finding.code, language), action=finding.action
            )
            for finding in found.findings
        ],
    )
