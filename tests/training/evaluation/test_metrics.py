import numpy as np
import pytest

from covidxray_api.training.evaluation import metrics as m
from covidxray_api.training.evaluation.classifier import selective_risk


def test_auroc_counts_ordered_pairs_and_half_of_ties() -> None:
    assert m.auroc(np.array([3.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(3.5 / 4)


def test_balanced_accuracy_weighs_classes_alike() -> None:
    truth = np.array([0] * 8 + [1] * 2)
    called = np.array([0] * 8 + [1, 0])
    assert m.balanced_accuracy(truth, called) == pytest.approx(0.75)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    truth = np.array([0] * 5 + [1] * 5)
    assert m.expected_calibration_error(truth, probabilities) == pytest.approx(0.3)


def test_interval_is_wider_when_images_come_in_groups() -> None:
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.random(40) < 0.5, 10)
    single = m.bootstrap(lambda rows: float(hits[rows].mean()), np.arange(400).astype(str))
    grouped = m.bootstrap(lambda rows: float(hits[rows].mean()), (np.arange(400) // 10).astype(str))
    assert single.value == grouped.value
    assert single.low <= single.value <= single.high
    assert grouped.high - grouped.low > 2 * (single.high - single.low)


def test_risk_grows_with_coverage_where_the_surest_answers_are_right() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.7, 0.3]])
    risk = selective_risk(probabilities, np.array([True, False, True, True]))
    np.testing.assert_allclose(risk, [0, 0, 0, 0.25])


@pytest.mark.parametrize("hit", [False, True])
def test_a_share_of_none_or_all_is_as_wide_as_its_patients_allow(hit: bool) -> None:
    hits = np.full(20, hit)
    found = m.proportion(hits, (np.arange(20) // 2).astype(str))
    # Wilson's bound for none of ten: z² / (n + z²).
    bound = 1.96**2 / (10 + 1.96**2)
    assert found.value == float(hit)
    assert found.n == 20
    assert (found.low, found.high) == pytest.approx((1 - bound, 1) if hit else (0, bound), abs=1e-4)


def test_a_share_between_is_bootstrapped_by_patient() -> None:
    hits = np.arange(40) % 4 == 0
    groups = np.arange(40).astype(str)
    assert m.proportion(hits, groups) == m.bootstrap(lambda d: float(hits[d].mean()), groups)
