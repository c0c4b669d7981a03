"""From the domain's answers to the JSON of the API; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from covidxray_api.consistency import Consistency
from covidxray_api.explanation import Explanation
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering import schemas
from covidxray_api.screening.screening import Screening, Validation
from covidxray_api.texts import Language, message


def screening_answer(screening: Screening, language: Language) -> schemas.ScreeningAnswer:
    """Render the answer of a screening."""
    found, predicted = screening.validation, screening.predicted
    return schemas.ScreeningAnswer(
        rejected=found.rejection is not None,
        rejection=_rejection(found, language),
        predicted_label=predicted.code if predicted else None,
        operating_point=screening.operating_point,
        display_label=predicted.display[language] if predicted else None,
        probabilities=dict(screening.probabilities) if screening.probabilities else None,
        prediction_set=[label.code for label in screening.prediction_set] if predicted else None,
        uncertain=screening.uncertain,
        predictive_values=(
            schemas.PredictiveValues(**asdict(screening.predictive_values))
            if screening.predictive_values
            else None
        ),
        consistency=_consistency(found.consistency, language),
        model=identity(screening.model),
        warnings=_coded(found.warnings, language),
        notice=message("notice", language),
    )


def explanation(found: Explanation, language: Language) -> schemas.Explanation:
    """Render why a label is given."""
    return schemas.Explanation(
        label=found.label.code,
        display_label=found.label.display[language],
        withheld=_coded([found.withheld], language)[0] if found.withheld else None,
        map=None
        if found.map is None
        else schemas.ExplanationMap(
            height=found.map.shape[0],
            width=found.map.shape[1],
            values=found.map.round(3).tolist(),
        ),
        drop=found.drop,
        random_drop=found.random_drop,
    )


def validation_answer(found: Validation, language: Language) -> schemas.ValidationAnswer:
    """Render the answer about consistency alone."""
    return schemas.ValidationAnswer(
        rejected=found.rejection is not None,
        rejection=_rejection(found, language),
        consistency=_consistency(found.consistency, language),
        warnings=_coded(found.warnings, language),
        notice=message("notice", language),
    )


def identity(stored: StoredModel) -> schemas.ModelIdentity:
    """Render which model it is."""
    manifest = stored.manifest
    return schemas.ModelIdentity(name=manifest.name, version=manifest.version, sha256=stored.sha256)


def description(stored: StoredModel, default: str) -> schemas.ModelDescription:
    """Render what a model says of itself."""
    manifest = stored.manifest
    return schemas.ModelDescription(
        name=manifest.name,
        version=manifest.version,
        sha256=stored.sha256,
        description=manifest.description,
        default=manifest.name == default,
        labels=[
            schemas.LabelNames(code=label.code, display=dict(label.display))
            for label in manifest.labels
        ],
        input_size=manifest.input_size,
        operating_points={
            name: schemas.OperatingPoint(**point.model_dump())
            for name, point in manifest.operating_points.items()
        },
        training=dict(manifest.training),
        metrics=dict(manifest.metrics),
    )


def _rejection(found: Validation, language: Language) -> schemas.Coded | None:
    return _coded([found.rejection], language)[0] if found.rejection else None


def _coded(codes: Iterable[str], language: Language) -> list[schemas.Coded]:
    return [schemas.Coded(code=code, message=message(code, language)) for code in codes]


def _consistency(found: Consistency, language: Language) -> schemas.ConsistencyCheck:
    return schemas.ConsistencyCheck(
        consistent=found.consistent,
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
