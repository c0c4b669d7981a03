"""What a site profile promises, and that it holds whatever the scores are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import beta

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.artefacts import write_json
from covidxray_api.models.decision import calibrate, decide, target_ratio
from covidxray_api.models.intervals import beta_quantile, exact_interval
from covidxray_api.models.site import (
    KnownHospitals,
    ModelVersion,
    Scores,
    Site,
    SiteProfile,
)
from covidxray_api.models.site_fitting import ALPHAS, Labels, fit_site
from covidxray_api.models.site_temperature import Temperature
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings

STORED = ModelStore(Settings().model_store).get("multi-source")
MODEL = ModelVersion(
    name=STORED.manifest.name, version=STORED.manifest.version, sha256=STORED.sha256
)
KNOWN = KnownHospitals(
    cases=Scores.of(np.linspace(0.5, 100, 200).tolist(), patients=180),
    controls=Scores.of(np.linspace(0, 1, 200).tolist(), patients=200),
)

# Few distinct values, so that many are tied, and many.
SCORES = st.one_of(
    st.lists(st.sampled_from([0.1, 0.2, 0.5, 3.0]), min_size=51, max_size=80),
    st.lists(st.floats(1e-9, 1e9), min_size=51, max_size=80),
)


def fitted(scores: list[float]) -> SiteProfile:
    return fit_site("Clinic", MODEL, KNOWN, scores)


PROFILE = fitted(np.linspace(0.01, 1, 60).tolist())


@settings(max_examples=50, deadline=None)
@given(SCORES)
def test_p_values_are_super_uniform_where_radiographs_are_exchangeable(
    scores: list[float],
) -> None:
    """Of exchangeable radiographs each is as likely the new one: try all."""
    n = len(scores) - 1
    p_values = []
    for new in range(len(scores)):
        own = scores[:new] + scores[new + 1 :]
        site = PROFILE.model_copy(update={"radiographs": n, "scores": tuple(sorted(own))})
        p_values.append(site.p_value(scores[new]))

    for k in range(1, n + 2):
        alpha = k / (n + 1)
        assert sum(p <= alpha for p in p_values) <= k


@settings(max_examples=5, deadline=None)
@given(SCORES)
def test_false_positives_are_at_most_what_is_stated(scores: list[float]) -> None:
    called = dict.fromkeys(ALPHAS, 0)
    for new in range(len(scores)):
        site = fitted(scores[:new] + scores[new + 1 :])
        for name, point in site.operating_points.items():
            called[name] += scores[new] > point.weight

    for name, point in site.operating_points.items():
        assert point.false_positive_rate.value <= ALPHAS[name] == point.alpha
        assert called[name] <= point.false_positive_rate.value * len(scores) + 1e-9


@settings(max_examples=50, deadline=None)
@given(SCORES, st.lists(st.floats(1e-6, 1), min_size=3, max_size=3))
def test_a_radiograph_is_called_the_target_where_its_p_value_is_at_most_alpha(
    scores: list[float], shares: list[float]
) -> None:
    site = fitted(scores)
    manifest = site.applied(STORED.manifest)
    total = sum(shares)
    probabilities = dict(zip(manifest.codes, (share / total for share in shares), strict=True))
    score = target_ratio(STORED.manifest, probabilities)

    for name, decision in decide(manifest, probabilities).items():
        assert name
        point = site.operating_points[name]
        if score != pytest.approx(point.weight, rel=1e-12):
            is_target = decision.label.code == manifest.operating_points[name].target
            assert is_target == (site.p_value(score) <= point.alpha)


@settings(max_examples=50, deadline=None)
@given(SCORES)
def test_the_site_s_own_radiographs_never_pass_for_new_ones(scores: list[float]) -> None:
    site = PROFILE.model_copy(update={"radiographs": len(scores), "scores": fitted(scores).scores})
    for score in scores:
        assert site.p_value(score) >= 2 / (len(scores) + 1)


@pytest.mark.parametrize(("a", "b"), [(1, 50), (2, 49), (5, 46), (60, 541), (250, 42)])
@pytest.mark.parametrize("share", [0.025, 0.5, 0.975])
def test_quantiles_are_those_of_the_beta_distribution(a: int, b: int, share: float) -> None:
    assert beta_quantile(share, a, b) == pytest.approx(beta.ppf(share, a, b), rel=1e-9)


def test_a_share_of_none_or_all_has_one_end_of_its_interval() -> None:
    none, every = exact_interval(0, 20), exact_interval(1, 20)

    assert (none[0], every[1]) == (0, 1)
    assert none[1] == pytest.approx(beta.ppf(0.975, 1, 20))
    assert every[0] == pytest.approx(beta.ppf(0.025, 20, 1))


def test_only_the_weight_of_the_target_changes() -> None:
    published, applied = STORED.manifest, PROFILE.applied(STORED.manifest)

    for name, point in applied.operating_points.items():
        weights = {**published.operating_points["balanced"].weights}
        assert point.weights == weights | {point.target: PROFILE.operating_points[name].weight}
        assert point.controls == 60
    unchanged = {"operating_points": published.operating_points}
    assert applied.model_copy(update=unchanged) == published


def test_a_stricter_point_finds_less_and_alarms_less() -> None:
    points = [PROFILE.operating_points[name] for name in ("screening", "balanced", "specific")]

    assert [point.weight for point in points] == sorted(point.weight for point in points)
    assert [round(point.false_positive_rate.value * 61) for point in points] == [6, 3, 1]
    found = [point.sensitivity.value for point in points]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("scores", "doubts"),
    [
        (np.linspace(0.01, 1, 60), ()),
        (np.linspace(0.01, 90, 60), ("site_insensitive", "site_unlike")),
        (np.r_[np.linspace(0.01, 0.9, 50), np.full(10, 90)], ("site_insensitive",)),
        (np.linspace(0.001, 0.01, 60), ("site_unlike",)),
    ],
    ids=["alike", "all suspicious", "some suspicious", "none suspicious at all"],
)
def test_a_site_too_unlike_the_known_hospitals_is_doubted(
    scores: np.ndarray, doubts: tuple[str, ...]
) -> None:
    assert fitted(scores.tolist()).doubts == doubts


def test_the_site_s_own_cases_say_how_many_are_found_there() -> None:
    scores = np.linspace(0.01, 1, 60).tolist()
    site = fit_site("Clinic", MODEL, KNOWN, scores, cases=[0.5] * 12 + [2.0] * 8)

    assert (site.cases, site.cases_from) == (20, "site")
    for name, point in site.operating_points.items():
        assert point.weight == PROFILE.operating_points[name].weight
        assert point.sensitivity.value == 0.4
    assert "site_insensitive" in site.doubts
    assert site.applied(STORED.manifest).operating_points["balanced"].cases == 20


NEAR = np.linspace(-0.2, 0.2, 60)

WITH_DISTANCES = KNOWN.model_copy(
    update={"distances": Scores.of(NEAR.tolist(), patients=60), "remotest": 0.9}
)


@pytest.mark.parametrize(
    ("distances", "remoteness", "doubts"),
    [(NEAR, 0.5, ()), (NEAR + 0.1, 0.72, ()), (NEAR + 0.4, 1, ("site_far",)), ([], None, ())],
    ids=["alike", "somewhat farther", "far", "unknown"],
)
def test_a_site_far_from_the_known_hospitals_is_doubted(
    distances: np.ndarray, remoteness: float | None, doubts: tuple[str, ...]
) -> None:
    scores = np.linspace(0.01, 1, 60).tolist()
    site = fit_site("Clinic", MODEL, WITH_DISTANCES, scores, distances=list(distances))

    if remoteness is None:
        assert site.remoteness is None
    else:
        assert site.remoteness is not None
        assert site.remoteness.value == pytest.approx(remoteness, abs=0.02)
        assert site.remoteness.most == 0.9
    assert site.doubts == doubts
    assert site.distances == pytest.approx(sorted(distances), rel=1e-5)
    assert SiteProfile.model_validate_json(site.model_dump_json()) == site


def test_a_model_without_distances_doubts_no_site_for_them() -> None:
    scores = np.linspace(0.01, 1, 60).tolist()

    assert fit_site("Clinic", MODEL, KNOWN, scores, distances=[9.0] * 60).remoteness is None


def labels(cases: list[float], factor: float = 2.0) -> Labels:
    own = STORED.manifest.temperature
    temperature = Temperature(value=factor * own, low=own, high=3 * own)
    return Labels(len(cases) + 30, cases, temperature)


def test_a_site_s_temperature_is_in_force_with_its_profile() -> None:
    scores = np.linspace(0.01, 1, 60).tolist()
    site = fit_site("Clinic", MODEL, KNOWN, scores, labels=labels([0.5, 2.0]))
    published, applied = STORED.manifest, site.applied(STORED.manifest)

    assert site.labelled is not None
    assert (site.labelled.radiographs, site.labelled.cases) == (32, 2)
    assert applied.temperature == 2 * published.temperature
    # Two cases tell little: those of known hospitals stay.
    assert site.cases_from == "known_hospitals"
    assert site.labelled.found is not None
    assert site.labelled.found.value == 0.5
    assert site.labelled.found.low == pytest.approx(0.0126, abs=1e-4)


def test_twenty_labelled_cases_measure_the_sensitivity() -> None:
    scores = np.linspace(0.01, 1, 60).tolist()
    by_label = fit_site("Clinic", MODEL, KNOWN, scores, labels=labels([0.5] * 12 + [2.0] * 8))
    together = fit_site("Clinic", MODEL, KNOWN, scores, cases=[2.0] * 20, labels=labels([0.5] * 20))

    for site, cases in ((by_label, 20), (together, 40)):
        assert (site.cases, site.cases_from) == (cases, "site")
    assert by_label.operating_points["balanced"].sensitivity.value == 0.4
    assert together.operating_points["balanced"].sensitivity.value == 0.5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.02, 1), min_size=3, max_size=3), st.floats(0.3, 3))
def test_a_site_s_temperature_leaves_the_prediction_set_as_it_is(
    shares: list[float], factor: float
) -> None:
    scores = np.linspace(0.01, 1, 60).tolist()
    at_own, at_other = (
        fit_site("Clinic", MODEL, KNOWN, scores, labels=labels([], it)).applied(STORED.manifest)
        for it in (1.0, factor)
    )
    own = np.array([shares]) / sum(shares)
    tempered = calibrate(own, factor)

    for before, after in zip(
        decide(at_own, dict(zip(at_own.codes, own[0].tolist(), strict=True))).values(),
        decide(at_other, dict(zip(at_own.codes, tempered[0].tolist(), strict=True))).values(),
        strict=True,
    ):
        predicted = {before.label.code, after.label.code}
        left = {label.code for label in before.prediction_set}
        assert left ^ {label.code for label in after.prediction_set} <= predicted


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 3), st.lists(st.floats(1e-3, 1), min_size=3, max_size=3))
def test_known_hospitals_score_at_another_temperature_as_their_radiographs_would(
    factor: float, shares: list[float]
) -> None:
    own = np.array([shares]) / sum(shares)

    def score(calibrated: np.ndarray) -> float:
        return target_ratio(
            STORED.manifest, dict(zip(STORED.manifest.codes, calibrated[0].tolist(), strict=True))
        )

    known = KnownHospitals(
        cases=Scores.of([score(own)], patients=1), controls=Scores.of([score(own)], patients=1)
    )
    tempered = known.tempered(factor, weight=0.5)

    expected = pytest.approx(score(calibrate(own, factor)), rel=1e-4)
    assert tempered.cases.percentiles[0] == tempered.controls.percentiles[50] == expected


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    write_json(path, PROFILE.model_dump(mode="json"))

    assert Site.read(path).profile == PROFILE


def edited(**changes: object) -> dict[str, object]:
    return PROFILE.model_dump(mode="json") | changes


@pytest.mark.parametrize(
    "content",
    [
        edited(scores=[*PROFILE.scores[:-1], 2.0], radiographs=61),
        edited(scores=[*PROFILE.scores[:-3], 2.0, 2.0, 2.0]),
        edited(scores=PROFILE.scores[::-1]),
        edited(operating_points={}),
        edited(files=["jane_doe.dcm"]),
        edited(radiographs=20, scores=PROFILE.scores[:20]),
    ],
    ids=["another number", "other scores", "disorder", "no points", "file names", "too few"],
)
def test_a_profile_that_does_not_follow_from_its_scores_is_refused(
    content: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "site.json"
    write_json(path, content)

    with pytest.raises(ValidationError):
        SiteProfile.model_validate(content)
    with pytest.raises(InvalidSiteProfile, match="unreadable"):
        Site.read(path)


def test_a_profile_holds_for_the_model_that_it_was_fitted_for(tmp_path: Path) -> None:
    site = Site(tmp_path / "site.json", PROFILE, "0" * 64)

    assert STORED.at(site).manifest == PROFILE.applied(STORED.manifest)
    assert STORED.at(site).sha256 == STORED.sha256
    other = ModelStore(Settings().model_store).get("seed-cnn")
    with pytest.raises(InvalidSiteProfile, match="other_model"):
        other.at(site)
