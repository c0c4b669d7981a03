from pathlib import Path

import pytest

from covidxray_api.consistency import Consistency
from covidxray_api.errors import UnknownOperatingPoint
from covidxray_api.models.manifest import Label, Manifest, OperatingPoint, PredictionSet
from covidxray_api.models.store import StoredModel
from covidxray_api.screening.screening import (
    Screening,
    Validation,
    find_operating_point,
    predictive_values,
)

CODES = ("normal", "covid_19", "viral_pneumonia")
LEAST = {"normal": 0.5, "covid_19": 0.1, "viral_pneumonia": 0.4}


def point(threshold: float) -> OperatingPoint:
    return OperatingPoint(
        threshold={"normal": 0.5, "covid_19": threshold, "viral_pneumonia": 0.5},
        target="covid_19",
        sensitivity=0.9,
        specificity=0.8,
        films=(10, 20),
    )


def screening(
    probabilities: tuple[float, ...] | None,
    rule: bool = True,
    operating_point: str | None = None,
    prevalence: float | None = None,
) -> Screening:
    manifest = Manifest(
        name="net",
        version="1",
        description="A network.",
        labels=tuple(Label(code=code, display={"en": code, "es": code}) for code in CODES),
        input_size=(8, 8),
        prediction_set=PredictionSet(coverage=0.95, least=LEAST) if rule else None,
        operating_points={"screening": point(0.2), "balanced": point(0.5)},
        files={"model.keras": "0"},
    )
    similarity = 0.1 if probabilities is None else 0.5
    return Screening(
        Validation(Consistency(similarity, 0.3, consistent=similarity >= 0.3), warnings=()),
        StoredModel(Path(), manifest),
        None if probabilities is None else dict(zip(CODES, probabilities, strict=True)),
        operating_point,
        prevalence,
    )


@pytest.mark.parametrize(
    ("probabilities", "possible", "uncertain"),
    [
        ((0.95, 0.03, 0.02), ["normal"], False),
        ((0.6, 0.38, 0.02), ["normal", "covid_19"], True),
        ((0.45, 0.20, 0.35), ["covid_19"], True),
        ((0.48, 0.05, 0.37), [], True),
    ],
)
def test_the_prediction_set_holds_what_is_probable_enough_for_its_class(
    probabilities: tuple[float, ...], possible: list[str], uncertain: bool
) -> None:
    answer = screening(probabilities)
    assert [label.code for label in answer.prediction_set] == possible
    assert answer.uncertain is uncertain


def test_without_a_rule_the_prediction_stands_alone() -> None:
    answer = screening((0.4, 0.3, 0.3), rule=False)
    assert answer.predicted is not None
    assert answer.prediction_set == (answer.predicted,)
    assert not answer.uncertain


def test_a_rejected_image_has_no_answer() -> None:
    answer = screening(None)
    assert answer.validation.rejection == "not_a_chest_radiograph"
    assert answer.predicted is None
    assert answer.prediction_set == ()
    assert not answer.uncertain


def test_an_operating_point_weighs_probabilities_by_its_thresholds() -> None:
    probabilities = (0.6, 0.3, 0.1)
    for name, code in (("balanced", "normal"), ("screening", "covid_19")):
        predicted = screening(probabilities, operating_point=name).predicted
        assert predicted is not None
        assert predicted.code == code


def test_balanced_holds_where_no_operating_point_is_named() -> None:
    manifest = screening(None).model.manifest
    assert find_operating_point(manifest, None) == "balanced"
    assert find_operating_point(manifest, "screening") == "screening"
    assert find_operating_point(manifest.model_copy(update={"operating_points": {}}), None) is None
    with pytest.raises(UnknownOperatingPoint, match="unknown-operating-point"):
        find_operating_point(manifest, "lucky")


def test_predictive_values_follow_bayes() -> None:
    values = predictive_values(point(0.5), prevalence=0.1)
    # Of 1,000 patients 100 are ill: 90 are found, 180 of 900 are alarmed for nothing.
    assert values.positive == pytest.approx(90 / 270)
    assert values.negative == pytest.approx(720 / 730)


def test_predictive_values_need_a_prevalence_an_operating_point_and_an_answer() -> None:
    probabilities = (0.6, 0.3, 0.1)
    assert screening(probabilities, operating_point="balanced").predictive_values is None
    assert screening(probabilities, prevalence=0.1).predictive_values is None
    assert screening(None, operating_point="balanced", prevalence=0.1).predictive_values is None
    answer = screening(probabilities, operating_point="balanced", prevalence=0.1)
    assert answer.predictive_values == predictive_values(point(0.5), 0.1)
