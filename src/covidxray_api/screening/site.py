"""A site's own radiographs: scored as the service will score its patients', and made a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.decision import target_ratio
from covidxray_api.models.site import (
    EVIDENCE,
    LEAST_CASES,
    LEAST_RADIOGRAPHS,
    KnownHospitals,
    ModelVersion,
    SiteProfile,
    fit_site,
)
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screener import Screener


@dataclass(frozen=True, slots=True)
class ScoredFolder:
    """A folder of a site's radiographs."""

    folder: Path
    scores: Sequence[float]
    """Of the files that were taken."""

    refused: int
    """Files that were not."""


def score(screener: Screener, data: bytes) -> float | None:
    """Return the score of a file under the default model; see `decision.target_ratio`.

    Parameters
    ----------
    screener : Screener
        The pipeline.
    data : bytes
        The file.

    Returns
    -------
    float, optional
        None if the gate refuses the image.

    Raises
    ------
    RadiographError
        If the file cannot be decoded within the limits.
    """
    screening = screener.screen(data)
    if screening.probabilities is None:
        return None
    return target_ratio(screening.model.manifest, screening.probabilities)


def known_hospitals(model: StoredModel) -> KnownHospitals:
    """Return what the evidence of a model says of the hospitals of its training.

    Raises
    ------
    InvalidSiteProfile
        If it says nothing, as of a model that `covidxray evaluate site` has not measured.
    """
    found = model.evidence.get(EVIDENCE)
    if found is None:
        raise InvalidSiteProfile("no_evidence", model=model.manifest.name)
    return KnownHospitals.model_validate(found)


def fit_profile(
    name: str,
    model: StoredModel,
    radiographs: ScoredFolder,
    cases: ScoredFolder | None = None,
) -> SiteProfile:
    """Fit the profile of a site on the scores of its radiographs.

    Parameters
    ----------
    name : str
        Name of the site.
    model : StoredModel
        The model that gave the scores.
    radiographs : ScoredFolder
        Without COVID-19.
    cases : ScoredFolder, optional
        With it.

    Raises
    ------
    InvalidSiteProfile
        If there are too few scores, or there is nothing to compare them with.
    """
    folders = [(radiographs, LEAST_RADIOGRAPHS)] + ([(cases, LEAST_CASES)] if cases else [])
    for scored, least in folders:
        found = len(scored.scores)
        if found < least:
            raise InvalidSiteProfile("too_few", folder=scored.folder, found=found, least=least)
    manifest = model.manifest
    version = ModelVersion(name=manifest.name, version=manifest.version, sha256=model.sha256)
    return fit_site(
        name,
        version,
        known_hospitals(model),
        radiographs.scores,
        cases.scores if cases else (),
        sum(scored.refused for scored, _ in folders),
    )
