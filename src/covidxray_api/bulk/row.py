"""A row of the table: what is answered of one film, and by what."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from covidxray_api.bulk.sources import Film
from covidxray_api.errors import CovidXrayError
from covidxray_api.inference import LoadedModel
from covidxray_api.rendering.wording import Wording
from covidxray_api.screening.screening import Screening
from covidxray_api.settings import EngineName
from covidxray_api.texts import Language, message
from covidxray_api.texts.problems import detail

PROBABILITY = "probability_"
"""How the names of the columns of probabilities begin; the label's code follows."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What computes the answers of a job, the same in each row."""

    model: str
    model_version: str
    model_sha256: str
    engine: EngineName
    operating_point: str | None
    site: str | None
    """Name of the site whose profile is in force."""

    site_sha256: str | None
    notice: str

    @classmethod
    def of(cls, model: LoadedModel, operating_point: str | None, language: Language) -> Origin:
        """Return what a model that can answer is."""
        manifest, site = model.manifest, model.stored.site
        return cls(
            model=manifest.name,
            model_version=manifest.version,
            model_sha256=model.stored.sha256,
            engine=model.engine_name,
            operating_point=operating_point,
            site=site.profile.name if site else None,
            site_sha256=site.sha256 if site else None,
            notice=message("notice", language),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a film; each field is none, or empty, where nothing was."""

    predicted_label: str | None = None
    headline: str | None = None
    """The answer in words: the label only if it is conclusive."""

    conclusive: bool | None = None
    uncertain: bool | None = None
    prediction_set: tuple[str, ...] = ()
    probabilities: Mapping[str, float] | None = None
    """Calibrated probability of each label; none if the film was rejected or not read."""

    p_value: float | None = None
    rejected: bool | None = None
    rejection: str | None = None
    findings: tuple[str, ...] = ()
    ssim: float | None = None
    gate: str | None = None
    gate_score: float | None = None
    warnings: tuple[str, ...] = ()
    problem: str | None = None
    """Code of what kept the film from being screened."""

    problem_detail: str | None = None


def answered(screening: Screening, language: Language) -> Found:
    """Return what the answer to a film says."""
    decision, consistency = screening.decision, screening.validation.consistency
    return Found(
        predicted_label=decision.label.code if decision else None,
        headline=Wording(screening, language).headline(decision),
        conclusive=decision.conclusive if decision else False,
        uncertain=decision.uncertain if decision else False,
        prediction_set=tuple(it.code for it in decision.prediction_set) if decision else (),
        probabilities=screening.probabilities,
        p_value=screening.p_value,
        rejected=screening.validation.rejection is not None,
        rejection=screening.validation.rejection,
        findings=tuple(finding.code for finding in consistency.findings),
        ssim=consistency.ssim,
        gate=consistency.gate,
        gate_score=consistency.score,
        warnings=screening.validation.warnings,
    )


def failed(error: CovidXrayError, language: Language) -> Found:
    """Return what is said of a film that could not be screened."""
    return Found(problem=error.code, problem_detail=detail(error, language))


Row = dict[str, Any]
"""A film, its bytes' SHA-256, what was found and its origin, as JSON knows them."""


def row(film: Film, data: bytes | None, found: Found, origin: Origin) -> Row:
    """Return the row of a film.

    Parameters
    ----------
    film : Film
        Where it lies.
    data : bytes, optional
        Its bytes; none if they could not be had.
    found : Found
        The answer.
    origin : Origin
        What has computed it.
    """
    shown = film.shown()
    return {
        "path": shown.path,
        "member": shown.member or None,
        "sha256": None if data is None else hashlib.sha256(data).hexdigest(),
        **_plain(found),
        **_plain(origin),
    }


def _plain(part: Found | Origin) -> Row:
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def flat(found: Row, labels: tuple[str, ...]) -> Row:
    """Return a row for a table: a column for the probability of each label."""
    cells: Row = {}
    for name, value in found.items():
        if name == "probabilities":
            cells |= {f"{PROBABILITY}{label}": (value or {}).get(label) for label in labels}
        else:
            cells[name] = value
    return cells
