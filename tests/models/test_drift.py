from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from covidxray_api.models.artefacts import EVIDENCE
from covidxray_api.models.drift import (
    CHI_SQUARED,
    LEAST,
    MEASURES,
    Drift,
    DriftReference,
    Latest,
    Spread,
    drifts,
    index,
)
from covidxray_api.models.site import KnownHospitals, Scores
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.settings import Settings

RNG = np.random.default_rng(0)


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    """The default model, measured on radiographs whose similarity and score are normal."""
    stored = ModelStore(Settings().model_store).get("multi-source")
    folder = tmp_path / "multi-source" / stored.folder.name
    shutil.copytree(stored.folder, folder)
    known = DriftReference(
        ssim=Spread.of(RNG.normal(0.6, 0.1, 2000).tolist()),
        gate_score=Spread.of(RNG.beta(9, 1, 2000).tolist()),
        refused=20,
    )
    hospitals = KnownHospitals.model_validate(stored.evidence["site_calibration"])
    distances = Scores.of((1 + RNG.gamma(2, 0.1, 2000)).tolist(), patients=2000)
    evidence = stored.evidence | {
        "drift": known.model_dump(mode="json"),
        "site_calibration": hospitals.model_copy(update={"distances": distances}).model_dump(
            mode="json"
        ),
    }
    (folder / EVIDENCE).write_text(json.dumps(evidence))
    return StoredModel.read(folder)


def latest(
    model: StoredModel,
    n: int = 500,
    brighter: float = 0.0,
    refused: float = 0.01,
    farther: float = 0.0,
) -> Latest:
    percentiles = model.evidence["site_calibration"]["controls"]["percentiles"]
    return Latest(
        score=np.interp(RNG.uniform(0, 100, n), range(101), percentiles).tolist(),
        ssim=RNG.normal(0.6 - brighter, 0.1, n).tolist(),
        gate_score=RNG.beta(9, 1, n).tolist(),
        distance=(1 + RNG.gamma(2, 0.1 + farther, n)).tolist(),
        rejected=(RNG.uniform(size=n) < refused).tolist(),
    )


def by_measure(found: list[Drift]) -> dict[str, Drift]:
    return {it.measure: it for it in found}


def test_radiographs_like_those_of_the_reference_are_stable(model: StoredModel) -> None:
    found = by_measure(drifts(model, latest(model)))

    assert tuple(found) == MEASURES
    assert {it.state for it in found.values()} == {"stable"}
    for it in found.values():
        assert it.index is not None
        assert it.by_chance is not None
        assert it.index < it.by_chance


def test_others_are_shifted_where_they_differ(model: StoredModel) -> None:
    found = by_measure(drifts(model, latest(model, brighter=0.1, refused=0.3, farther=0.1)))

    shifted = {name for name, it in found.items() if it.state == "shifted"}
    assert shifted == {"ssim", "rejected", "distance"}


def test_few_are_not_judged(model: StoredModel) -> None:
    found = drifts(model, latest(model, n=LEAST - 1))

    assert {it.state for it in found} == {"too_few"}
    assert {it.index for it in found} == {None}


def test_without_a_reference_nothing_is_said() -> None:
    stored = ModelStore(Settings().model_store).get("seed-cnn")
    values = [0.5] * LEAST
    none = Latest(values, values, values, values, [False] * LEAST)

    assert {it.state for it in drifts(stored, none)} == {"no_reference"}


def test_the_index_is_that_of_the_book() -> None:
    # Two bins, half and half before, and 3 to 1 now: 2 * 0.25 * ln(3) / 2.
    assert index([75_000, 25_000], [0.5, 0.5]) == pytest.approx(0.25 * np.log(3), abs=1e-4)
    assert index([500, 500], [0.5, 0.5]) == 0


def test_chance_exceeds_its_bound_as_often_as_is_said() -> None:
    n, m, rounds = 500, 2000, 2000
    bound = CHI_SQUARED[9] * (1 / n + 1 / m)
    found = []
    for _ in range(rounds):
        reference = np.sort(RNG.uniform(size=m))
        tenths = np.quantile(reference, np.arange(1, 10) / 10)
        counts = np.bincount(np.searchsorted(tenths, RNG.uniform(size=n)), minlength=10)
        found.append(index(counts.tolist(), [0.1] * 10))

    assert np.mean(np.array(found) > bound) < 0.01
    # The mean of chi-squared is its degrees of freedom.
    assert np.mean(found) == pytest.approx(9 * (1 / n + 1 / m), rel=0.1)


def test_a_site_is_compared_with_itself(model: StoredModel) -> None:
    class Profile:
        scores = tuple(np.sort(RNG.lognormal(size=300)).tolist())
        distances = scores

    class Site:
        profile = Profile()

    at_site = replace(model, site=Site())  # type: ignore[arg-type]
    here = RNG.lognormal(size=500).tolist()
    found = by_measure(drifts(at_site, replace(latest(model), score=here, distance=here)))

    for measure in ("score", "distance"):
        assert (found[measure].reference, found[measure].state) == ("site", "stable")
