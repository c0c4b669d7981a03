from pathlib import Path

import pytest

from covidxray_api.consistency import Consistency
from covidxray_api.model_store import Label, Manifest, PredictionSet, StoredModel
from covidxray_api.screening import Screening, Validation

CODES = ("normal", "covid_19", "viral_pneumonia")
LEAST = {"normal": 0.5, "covid_19": 0.1, "viral_pneumonia": 0.4}


def screening(probabilities: tuple[float, ...] | None, rule: bool = True) -> Screening:
    manifest = Manifest(
        name="net",
        version="1",
        description="A network.",
        labels=tuple(Label(code=code, display={"en": code, "es": code}) for code in CODES),
        input_size=(8, 8),
        prediction_set=PredictionSet(coverage=0.95, least=LEAST) if rule else None,
        files={"model.keras": "0"},
    )
    similarity = 0.1 if probabilities is None else 0.5
    return Screening(
        Validation(Consistency(ssim=similarity, threshold=0.3), warnings=()),
        StoredModel(Path(), manifest),
        None if probabilities is None else dict(zip(CODES, probabilities, strict=True)),
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
