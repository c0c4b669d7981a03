from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covidxray_api.errors import UnknownOperatingPoint
from covidxray_api.models.decision import (
    calibrate,
    decide,
    find_operating_point,
    predictive_values,
)
from covidxray_api.models.evidence import Elsewhere
from covidxray_api.models.manifest import (
    Label,
    Manifest,
    OperatingPoint,
    PredictionSet,
    Preprocessing,
)
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings

CODES = ("normal", "covid_19", "viral_pneumonia")
LEAST = {"normal": 0.5, "covid_19": 0.1, "viral_pneumonia": 0.4}
STORED = [ModelStore(Settings().model_store).get(name) for name in ("multi-source", "four-class")]


def point(weight: float, sensitivity: float = 0.9) -> OperatingPoint:
    return OperatingPoint(
        weights={"normal": 0.5, "covid_19": weight, "viral_pneumonia": 0.5},
        target="covid_19",
        sensitivity=sensitivity,
        specificity=0.8,
        cases=10,
        controls=20,
    )


def manifest(rule: bool = True, points: bool = True) -> Manifest:
    return Manifest(
        name="net",
        version="1",
        description="A network.",
        labels=tuple(Label(code=code, display={"en": code, "es": code}) for code in CODES),
        preprocessing=Preprocessing(size=(8, 8)),
        prediction_set=PredictionSet(coverage=0.95, least=LEAST) if rule else None,
        operating_points={"screening": point(0.2), "balanced": point(0.5)} if points else {},
        files={},
    )


def named(values: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(CODES, values, strict=True))


@pytest.mark.parametrize(
    ("probabilities", "possible"),
    [
        ((0.95, 0.03, 0.02), ["normal"]),
        ((0.6, 0.38, 0.02), ["normal", "covid_19"]),
        ((0.45, 0.20, 0.35), ["normal", "covid_19"]),
        ((0.48, 0.05, 0.37), list(CODES)),
    ],
    ids=["one is typical", "two are", "the predicted label is added", "none is typical"],
)
def test_the_prediction_set_holds_the_predicted_label_and_what_is_probable_enough(
    probabilities: tuple[float, ...], possible: list[str]
) -> None:
    decision = decide(manifest(), named(probabilities))["balanced"]
    assert [label.code for label in decision.prediction_set] == possible
    assert decision.uncertain is (len(possible) > 1)


def test_without_a_rule_the_prediction_stands_alone() -> None:
    decision = decide(manifest(rule=False), named((0.4, 0.3, 0.3)))["balanced"]
    assert decision.prediction_set == (decision.label,)
    assert not decision.uncertain


@pytest.mark.parametrize(
    ("probabilities", "conclusive", "candidates"),
    [
        ((0.95, 0.03, 0.02), True, []),
        ((0.89, 0.06, 0.05), False, ["normal", "covid_19"]),
        ((0.05, 0.06, 0.89), False, ["viral_pneumonia", "covid_19"]),
        ((0.85, 0.11, 0.04), False, ["normal", "covid_19"]),
        ((0.07, 0.91, 0.02), True, []),
        ((0.34, 0.33, 0.33), False, ["normal", "covid_19", "viral_pneumonia"]),
    ],
)
def test_an_answer_is_conclusive_where_one_label_remains_that_is_probable_enough(
    probabilities: tuple[float, ...], conclusive: bool, candidates: list[str]
) -> None:
    decision = decide(manifest(), named(probabilities))["balanced"]
    assert decision.conclusive is conclusive
    assert [label.code for label in decision.candidates] == candidates
    assert decision.foremost.code == CODES[int(np.argmax(probabilities))]


def test_an_operating_point_does_not_make_a_less_probable_label_conclusive() -> None:
    strict = manifest().model_copy(
        update={
            "operating_points": {"balanced": point(9.0)},
            "prediction_set": PredictionSet(coverage=0.95, least=dict.fromkeys(CODES, 0.92)),
            "conclusive_from": 0.5,
        }
    )
    decision = decide(strict, named((0.08, 0.91, 0.01)))["balanced"]
    assert decision.label.code == "normal"
    assert not decision.conclusive
    assert decision.candidates[0].code == "covid_19"


def test_nothing_is_conclusive_without_a_rule_or_of_a_model_that_is_not_for_patients() -> None:
    sure = named((0.99, 0.005, 0.005))
    assert not decide(manifest(rule=False), sure)["balanced"].conclusive
    evidence = manifest().model_copy(update={"not_for_patients": True})
    decision = decide(evidence, sure)["balanced"]
    assert not decision.conclusive
    assert decision.candidates == (decision.label,)


def test_without_operating_points_the_most_probable_label_is_the_answer() -> None:
    decisions = decide(manifest(points=False), named((0.2, 0.5, 0.3)), prevalence=0.1)
    assert list(decisions) == [None]
    assert decisions[None].label.code == "covid_19"
    assert decisions[None].predictive_values is None


def test_an_operating_point_weighs_probabilities() -> None:
    decisions = decide(manifest(), named((0.6, 0.3, 0.1)))
    assert decisions["balanced"].label.code == "normal"
    assert decisions["screening"].label.code == "covid_19"


def test_cut_offs_are_those_of_this_radiograph() -> None:
    cut_offs = decide(manifest(), named((0.6, 0.3, 0.1)))["screening"].cut_offs
    # Against normal alone: p / 0.2 = (1 - p) · 6/7 / 0.5.
    assert cut_offs["covid_19"] == pytest.approx(0.2 * 12 / 7 / (1 + 0.2 * 12 / 7))


@st.composite
def answers(draw: st.DrawFn) -> tuple[Manifest, dict[str, float]]:
    described = draw(st.sampled_from([manifest(), *(stored.manifest for stored in STORED)]))
    shares = draw(st.lists(st.floats(1e-9, 1), min_size=5, max_size=5))[: len(described.codes)]
    total = sum(shares)
    return described, {
        code: share / total for code, share in zip(described.codes, shares, strict=True)
    }


@given(answers())
def test_label_cut_offs_and_set_agree_at_every_operating_point(
    answer: tuple[Manifest, dict[str, float]],
) -> None:
    described, probabilities = answer
    for decision in decide(described, probabilities).values():
        assert decision.label in decision.prediction_set
        for code, cut_off in decision.cut_offs.items():
            assert 0 <= cut_off <= 1
            if code == decision.label.code:
                assert probabilities[code] >= cut_off - 1e-12
            else:
                assert probabilities[code] <= cut_off + 1e-12


@given(answers())
def test_a_stricter_operating_point_never_finds_more(
    answer: tuple[Manifest, dict[str, float]],
) -> None:
    described, probabilities = answer
    decisions = decide(described, probabilities)
    target = described.operating_points["balanced"].target
    found = [
        decisions[name].label.code == target
        for name in ("screening", "balanced", "specific")
        if name in decisions
    ]
    assert found == sorted(found, reverse=True)


def test_balanced_holds_where_no_operating_point_is_named() -> None:
    assert find_operating_point(manifest(), None) == "balanced"
    assert find_operating_point(manifest(), "screening") == "screening"
    assert find_operating_point(manifest(points=False), None) is None
    with pytest.raises(UnknownOperatingPoint, match="lucky"):
        find_operating_point(manifest(), "lucky")


def test_predictive_values_follow_bayes() -> None:
    values = predictive_values(point(0.5), prevalence=0.1)
    # Of 1,000 patients 100 are cases: 90 are found, 180 of 900 controls are false positives.
    assert values.positive == pytest.approx(90 / 270)
    assert values.negative == pytest.approx(720 / 730)
    decisions = decide(manifest(), named((0.6, 0.3, 0.1)), prevalence=0.1)
    assert decisions["balanced"].predictive_values == values
    # At hospitals left out 450 of 900 controls are.
    measured = Elsewhere(value=0.5, low=0.4, high=0.6, n=100, worst=None)
    decisions = decide(
        manifest(), named((0.6, 0.3, 0.1)), prevalence=0.1, elsewhere={"balanced": measured}
    )
    elsewhere, home = (decisions[name].predictive_values for name in ("balanced", "screening"))
    assert elsewhere
    assert elsewhere.positive == pytest.approx(90 / 540)
    assert elsewhere.negative == pytest.approx(450 / 460)
    assert elsewhere.elsewhere
    assert home
    assert not home.elsewhere
    assert decide(manifest(), named((0.6, 0.3, 0.1)))["balanced"].predictive_values is None


def test_temperature_one_changes_nothing_and_rows_sum_to_one() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(calibrate(probabilities, 1.0), probabilities, atol=1e-6)
    soft = calibrate(probabilities, 4.0)
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert (soft.max(axis=1) < probabilities.max(axis=1)).all()


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored.manifest.name)
def test_stored_operating_points_state_shares(stored: object) -> None:
    for described in (model.manifest for model in STORED if model is stored):
        for chosen in described.operating_points.values():
            assert all(0 < cut_off < 1 for cut_off in chosen.cut_offs.values())
