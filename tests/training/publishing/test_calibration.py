import numpy as np
import pytest

from covidxray_api.models.decision import calibrate, choose, weights_of
from covidxray_api.training.publishing.calibration import (
    Hospital,
    fit_operating_points,
    fit_prediction_set,
    fit_temperature,
)


def simulated(n: int, sharpness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes drawn from known probabilities, which are then reported too sharply."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 3))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    sharp = calibrate(honest.astype(np.float32), 1 / sharpness)
    return sharp.astype(np.float32), truth


def test_temperature_undoes_overconfidence() -> None:
    reported, truth = simulated(4000, sharpness=2.5, seed=0)
    assert fit_temperature(reported, truth) == pytest.approx(2.5, rel=0.1)


def test_prediction_sets_cover_each_class_of_new_images() -> None:
    codes = ["a", "b", "c"]
    rule = fit_prediction_set(*simulated(3000, 1.0, seed=1), codes, coverage=0.9)
    probabilities, truth = simulated(3000, 1.0, seed=2)
    for column, code in enumerate(codes):
        covered = probabilities[truth == column, column] >= rule.least[code]
        assert covered.mean() == pytest.approx(0.9, abs=0.03)


def test_with_too_few_images_nothing_is_ruled_out() -> None:
    rule = fit_prediction_set(np.array([[0.9, 0.1]]), np.array([0]), ["a", "b"], coverage=0.95)
    assert rule.least == {"a": 0.0, "b": 0.0}


def test_operating_points_keep_what_they_promise() -> None:
    codes = ["a", "b", "c"]
    probabilities, truth = simulated(3000, 1.0, seed=3)
    calibrated = calibrate(probabilities, 1.0)
    groups = np.arange(len(truth)).astype(str)
    points = fit_operating_points(calibrated, truth, groups, codes, "b")
    assert list(points) == ["screening", "balanced", "specific"]
    for point in points.values():
        called = choose(calibrated, weights_of(codes, point)) == 1
        # What is stated is cross-fitted: near what the weights reach where they were fitted.
        assert called[truth == 1].mean() == pytest.approx(point.sensitivity, abs=0.02)
        assert 1 - called[truth != 1].mean() == pytest.approx(point.specificity, abs=0.02)
        assert (point.cases, point.controls) == ((truth == 1).sum(), (truth != 1).sum())
    sensitivities = [point.sensitivity for point in points.values()]
    assert sensitivities == sorted(sensitivities, reverse=True)
    np.testing.assert_array_equal(
        choose(calibrated, weights_of(codes, points["balanced"])),
        choose(calibrated, weights_of(codes, None)),
    )


def test_operating_points_can_be_fitted_on_few_patients() -> None:
    probabilities, _ = simulated(12, 1.0, seed=4)
    truth = np.repeat([0, 1, 2], 4)
    groups = np.repeat(np.arange(6), 2).astype(str)
    points = fit_operating_points(
        calibrate(probabilities, 1.0), truth, groups, ["a", "b", "c"], "b"
    )
    assert {(point.cases, point.controls) for point in points.values()} == {(4, 8)}


def test_the_balanced_point_keeps_false_positives_low_at_the_worst_hospital_left_out() -> None:
    codes = ["a", "b", "c"]
    probabilities, truth = simulated(3000, 0.4, seed=5)
    probabilities[truth == 1] = [0.001, 0.998, 0.001]
    calibrated = calibrate(probabilities, 1.0)
    groups = np.arange(len(truth)).astype(str)
    away = [
        Hospital(calibrate(simulated(400, sharpness, seed=6)[0], 1.0), np.full(400, -1))
        for sharpness in (0.5, 1.0)
    ]
    points = fit_operating_points(calibrated, truth, groups, codes, "b", away)
    balanced = weights_of(codes, points["balanced"])
    called = [float((choose(each.calibrated, balanced) == 1).mean()) for each in away]
    assert max(called) == pytest.approx(0.10, abs=0.003)
    assert points["balanced"].sensitivity >= 0.8
    assert points["specific"].weights["b"] >= points["balanced"].weights["b"]


def test_the_balanced_point_finds_most_cases_before_it_spares_other_hospitals() -> None:
    codes = ["a", "b", "c"]
    probabilities, truth = simulated(3000, 1.0, seed=7)
    calibrated = calibrate(probabilities, 1.0)
    everybody = np.tile([0.01, 0.98, 0.01], (100, 1))
    groups = np.arange(len(truth)).astype(str)
    alike = fit_operating_points(calibrated, truth, groups, codes, "b")["balanced"]
    points = fit_operating_points(
        calibrated, truth, groups, codes, "b", [Hospital(everybody, np.full(100, -1))]
    )
    assert points["balanced"].weights["b"] == max(
        alike.weights["b"], points["balanced"].weights["b"]
    )
    found = (choose(calibrated, weights_of(codes, points["balanced"])) == 1)[truth == 1].mean()
    assert found == pytest.approx(min(0.8, alike.sensitivity), abs=0.02)


def test_prediction_sets_cover_hospitals_left_out_as_well() -> None:
    codes = ["a", "b", "c"]
    home, truth = simulated(3000, 1.0, seed=8)
    away, labels = simulated(3000, 1.0, seed=9)
    away[:, 0] /= 4
    away /= away.sum(axis=1, keepdims=True)
    rule = fit_prediction_set(home, truth, codes, [Hospital(away, labels)], coverage=0.9)
    alone = fit_prediction_set(home, truth, codes, coverage=0.9)
    assert (away[labels == 0, 0] >= rule.least["a"]).mean() == pytest.approx(0.9, abs=0.01)
    assert rule.least["a"] < alone.least["a"]
