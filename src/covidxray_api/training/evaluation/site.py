"""What site calibration is worth: hospitals drawn from sources that say where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.models.decision import target_ratio
from covidxray_api.models.drift import DriftReference, Spread
from covidxray_api.models.manifest import BALANCED, POINTS
from covidxray_api.models.site import (
    KnownHospitals,
    ModelVersion,
    Scores,
    SiteProfile,
)
from covidxray_api.models.site_fitting import fit_site
from covidxray_api.screening.screener import Screener
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.data.sources import COVID, DATA_SETS

SIZES = (50, 100)
"""Radiographs that a site's profile is fitted on."""

LEAST_REST = 15
"""Fewest radiographs of a source that must be left to measure on."""

DRAWS = 200
"""Profiles that are fitted for each source and size."""

Seen = Literal["unseen", "archive seen in part", "held out"]
"""What training saw of a source: nothing; another source of its archive; its other patients."""


@dataclass(frozen=True, slots=True)
class Source:
    """Adults without COVID-19, of one hospital or collection."""

    name: str
    seen: Seen
    scores: NDArray[np.float64]
    """Of those that the gate accepts."""

    patients: int
    refused: int
    """Radiographs that the gate refuses."""

    ssims: NDArray[np.float64]
    """Similarity of each to the mean radiograph, those that are refused among them."""

    gate_scores: NDArray[np.float64]
    """Score of each by the gate."""

    distances: NDArray[np.float64]
    """How far each that the gate accepts lies from what the network has learned from; empty if it
    does not say so."""


@dataclass(frozen=True, slots=True)
class Hospitals:
    """All that site calibration is measured on."""

    cases: Source
    """Held-out radiographs with COVID-19."""

    controls: tuple[Source, ...]


def score_hospitals(
    screener: Screener,
    trained_on: Sequence[LabelledImage],
    held_out: Sequence[LabelledImage],
    images: Iterable[LabelledImage],
) -> Hospitals:
    """Score adults whose radiographs training has not seen, each once.

    Parameters
    ----------
    screener : Screener
        The pipeline with the model.
    trained_on, held_out : sequence of LabelledImage
        The model's own split.
    images : iterable of LabelledImage
        All of the data folder.
    """
    used = (*trained_on, *held_out)
    sources = {image.source for image in used}
    known_archives = DATA_SETS.archives(sources)
    archives = DATA_SETS.archives({image.source for image in held_out})
    groups = {image.group for image in used}
    chosen: dict[tuple[str, Seen], list[LabelledImage]] = {}
    for image in held_out:
        if image.label == COVID:
            chosen.setdefault((COVID, "held out"), []).append(image)
        elif not DATA_SETS.of_children(image.source):
            archive = " and ".join(sorted(archives[DATA_SETS.archive(image.source)]))
            chosen.setdefault((archive, "held out"), []).append(image)
    for image in images:
        away = image.source not in sources and image.group not in groups
        if away and image.label != COVID and not DATA_SETS.of_children(image.source):
            known = DATA_SETS.archive(image.source) in known_archives
            seen: Seen = "archive seen in part" if known else "unseen"
            chosen.setdefault((image.source, seen), []).append(image)
    found = {key: _scored(screener, *key, members) for key, members in sorted(chosen.items())}
    cases = found.pop((COVID, "held out"))
    return Hospitals(cases, tuple(found.values()))


def _scored(screener: Screener, name: str, seen: Seen, images: Sequence[LabelledImage]) -> Source:
    found = [screener.screen(image.path.read_bytes()) for image in track(images, name)]
    taken = [
        (image.group, target_ratio(it.model.manifest, it.probabilities))
        for image, it in zip(images, found, strict=True)
        if it.probabilities is not None
    ]
    checks = [it.validation.consistency for it in found]
    return Source(
        name,
        seen,
        scores=np.array([ratio for _, ratio in taken]),
        patients=len({group for group, _ in taken}),
        refused=len(found) - len(taken),
        ssims=np.array([check.ssim for check in checks]),
        gate_scores=np.array([check.score for check in checks if check.score is not None]),
        distances=np.array([it.distance for it in found if it.distance is not None]),
    )


def summarised(hospitals: Hospitals) -> KnownHospitals:
    """Return what a site is compared with."""
    home = [source for source in hospitals.controls if source.seen == "held out"]
    controls = np.concatenate([source.scores for source in home])
    distances = np.concatenate([source.distances for source in home])
    patients = sum(source.patients for source in home)
    from_known = Scores.of(distances.tolist(), patients) if len(distances) else None
    return KnownHospitals(
        cases=Scores.of(hospitals.cases.scores.tolist(), hospitals.cases.patients),
        controls=Scores.of(controls.tolist(), patients),
        distances=from_known,
        remotest=_remotest(from_known, home) if from_known else None,
    )


def _remotest(known: Scores, home: Sequence[Source]) -> float:
    """Return how remote profiles from one of the known hospitals are, at the remotest of them."""
    rng = np.random.default_rng(0)
    reached = []
    for source in home:
        drawn = [
            known.mean_share_below(rng.choice(source.distances, SIZES[0]).tolist())
            for _ in range(DRAWS)
        ]
        reached.append(float(np.quantile(drawn, 0.975)))
    return round(max(reached), 3)


def drift_reference(hospitals: Hospitals) -> DriftReference | None:
    """Return what the latest radiographs of a service are compared with.

    None where the learned gate does not decide, and gives no scores.
    """
    home = [source for source in hospitals.controls if source.seen == "held out"]
    gate_scores = np.concatenate([source.gate_scores for source in home])
    if not len(gate_scores):
        return None
    return DriftReference(
        ssim=Spread.of(np.concatenate([source.ssims for source in home]).tolist()),
        gate_score=Spread.of(gate_scores.tolist()),
        refused=sum(source.refused for source in home),
    )


def evaluate_sites(
    hospitals: Hospitals, model: ModelVersion, weight: float, draws: int = DRAWS
) -> dict[str, Any]:
    """Fit profiles on random radiographs of each source, and measure them on its others.

    Parameters
    ----------
    hospitals : Hospitals
        What `score_hospitals` returned.
    model : ModelVersion
        The model that gave the scores.
    weight : float
        Weight of COVID-19 at the model's own `balanced`.
    draws : int
        Profiles for each source and size.

    Returns
    -------
    dict
        JSON-ready; each figure is a mean over profiles, with the interval that holds 95 % of them.
    """
    known, cases = summarised(hospitals), hospitals.cases.scores
    rng = np.random.default_rng(0)
    sources, left_out = {}, []
    for source in hospitals.controls:
        n = len(source.scores)
        with_profile = {
            str(size): _measured(source, cases, model, known, size, draws, rng)
            for size in SIZES
            if n >= size + LEAST_REST
        }
        sources[source.name] = {
            "seen": source.seen,
            "radiographs": n,
            "refused": source.refused,
            "false_positives_without_profile": float(np.mean(source.scores > weight)),
            "with_profile": with_profile,
        }
        if source.seen != "held out" and with_profile:
            left_out.append(with_profile[str(SIZES[0])]["points"][BALANCED])
    return {
        "draws": draws,
        "cases": len(cases),
        "patients": hospitals.cases.patients,
        "cases_refused": hospitals.cases.refused,
        "found_without_profile": float(np.mean(cases > weight)),
        "remotest": known.remotest,
        "sources": sources,
        # None where training has seen every source.
        "left_out": {
            "false_positives_worst": max(found["false_positives"]["value"] for found in left_out),
            "covid_19_found_mean": float(
                np.mean([found["covid_19_found"]["value"] for found in left_out])
            ),
        }
        if left_out
        else None,
    }


def _measured(
    source: Source,
    cases: NDArray[np.float64],
    model: ModelVersion,
    known: KnownHospitals,
    size: int,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    called: Mapping[str, list[float]] = {name: [] for name in POINTS}
    found: Mapping[str, list[float]] = {name: [] for name in POINTS}
    profiles: list[SiteProfile] = []
    for _ in range(draws):
        order = rng.permutation(len(source.scores))
        drawn, rest = source.scores[order[:size]], source.scores[order[size:]]
        distances = source.distances[order[:size]].tolist() if len(source.distances) else []
        profile = fit_site("drawn", model, known, drawn.tolist(), distances=distances)
        for name, point in profile.operating_points.items():
            called[name].append(float(np.mean(rest > point.weight)))
            found[name].append(float(np.mean(cases > point.weight)))
        profiles.append(profile)
    remoteness = [each.remoteness.value for each in profiles if each.remoteness]
    return {
        "shift": _over_profiles([profile.shift for profile in profiles]),
        "remoteness": _over_profiles(remoteness) if remoteness else None,
        "advised_against": float(np.mean([bool(profile.doubts) for profile in profiles])),
        "points": {
            name: {
                "promised": profiles[0].operating_points[name].false_positive_rate.model_dump(),
                "false_positives": _over_profiles(called[name]),
                "covid_19_found": _over_profiles(found[name]),
            }
            for name in POINTS
        },
    }


def _over_profiles(values: Sequence[float]) -> dict[str, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return {"value": float(np.mean(values)), "low": float(low), "high": float(high)}
