"""A site's own radiographs: scored as the service will score its patients', and made a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.decision import calibrate, largest_weights, weights_of
from covidxray_api.models.manifest import BALANCED, Manifest
from covidxray_api.models.site import (
    EVIDENCE,
    LEAST_RADIOGRAPHS,
    KnownHospitals,
    ModelVersion,
    SiteProfile,
)
from covidxray_api.models.site_fitting import LEAST_CASES, Labels, fit_site
from covidxray_api.models.site_temperature import Temperature, fit_temperature
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screener import Screener


class Read(NamedTuple):
    """What the default model says of a radiograph."""

    probabilities: Mapping[str, float]
    """Calibrated probability by label code."""

    distance: float | None
    """See `Screening.distance`."""

    label: str | None = None
    """Code of the label that the site gave it."""


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """Radiographs of a site."""

    path: Path
    """The folder that they lie in, or the table that lists them."""

    taken: Sequence[Read]

    refused: int
    """Files that were not taken."""


def read(screener: Screener, data: bytes, label: str | None = None) -> Read | None:
    """Return what the default model says of a file.

    Parameters
    ----------
    screener : Screener
        The pipeline.
    data : bytes
        The file.
    label : str, optional
        The label that the site gave it.

    Returns
    -------
    Read, optional
        None if the gate refuses the image.

    Raises
    ------
    RadiographError
        If the file cannot be decoded within the limits.
    """
    screening = screener.screen(data)
    if screening.probabilities is None:
        return None
    return Read(screening.probabilities, screening.distance, label)


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
    radiographs: SiteFolder,
    cases: SiteFolder | None = None,
    labelled: SiteFolder | None = None,
) -> SiteProfile:
    """Fit the profile of a site on what its radiographs score.

    Parameters
    ----------
    name : str
        Name of the site.
    model : StoredModel
        The model that has read them.
    radiographs : SiteFolder
        Without COVID-19.
    cases : SiteFolder, optional
        With it.
    labelled : SiteFolder, optional
        With a label each.

    Raises
    ------
    InvalidSiteProfile
        If there are too few radiographs, or there is nothing to compare them with, or no
        temperature can be fitted to the model.
    """
    folders = [(radiographs, LEAST_RADIOGRAPHS)]
    folders += [(cases, LEAST_CASES)] if cases else []
    folders += [(labelled, 1)] if labelled else []
    for folder, least in folders:
        found = len(folder.taken)
        if found < least:
            raise InvalidSiteProfile("too_few", folder=folder.path, found=found, least=least)
    manifest, known, factor, labels = model.manifest, known_hospitals(model), 1.0, None
    if labelled:
        temperature = _temperature(manifest, labelled.taken)
        factor = temperature.value / manifest.temperature
        known = known.tempered(factor, _weight_of_others(manifest))
        target = manifest.operating_points[BALANCED].target
        with_target = [each for each in labelled.taken if each.label == target]
        labels = Labels(len(labelled.taken), scores(manifest, with_target, factor), temperature)
    return fit_site(
        name,
        ModelVersion(name=manifest.name, version=manifest.version, sha256=model.sha256),
        known,
        scores(manifest, radiographs.taken, factor),
        scores(manifest, cases.taken, factor) if cases else (),
        sum(folder.refused for folder, _ in folders),
        [each.distance for each in radiographs.taken if each.distance is not None],
        labels,
    )


def scores(manifest: Manifest, radiographs: Sequence[Read], factor: float = 1.0) -> list[float]:
    """Return the score of radiographs; see `decision.target_ratio`.

    Parameters
    ----------
    manifest : Manifest
        Of the model that has read them.
    radiographs : sequence of Read
        The radiographs.
    factor : float
        The temperature that they are scored at, over the model's.
    """
    if not radiographs:
        return []
    balanced, codes = manifest.operating_points[BALANCED], manifest.codes
    calibrated = calibrate(_table(manifest, radiographs), factor)
    column = codes.index(balanced.target)
    found: list[float] = largest_weights(calibrated, weights_of(codes, balanced), column).tolist()
    return found


def _table(manifest: Manifest, radiographs: Sequence[Read]) -> NDArray[np.float64]:
    """Return probabilities, shape (n, classes)."""
    return np.array([[each.probabilities[it] for it in manifest.codes] for each in radiographs])


def _temperature(manifest: Manifest, labelled: Sequence[Read]) -> Temperature:
    truth = np.array([manifest.codes.index(each.label or "") for each in labelled])
    return fit_temperature(_table(manifest, labelled), truth, manifest.temperature)


def _weight_of_others(manifest: Manifest) -> float:
    """Return the weight of all labels but the target at `balanced`."""
    balanced = manifest.operating_points[BALANCED]
    weights = {weight for code, weight in balanced.weights.items() if code != balanced.target}
    if len(weights) > 1:
        raise InvalidSiteProfile("weights_differ", model=manifest.name)
    return weights.pop()
