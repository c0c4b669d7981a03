"""The temperature of a site: near the model's where labels are few, the true one where many."""

from __future__ import annotations

import numpy as np
import pytest

from covidxray_api.models.decision import calibrate
from covidxray_api.models.site_temperature import SPREAD, fit_temperature


def labelled(n: int, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, and these as they are at a temperature too low."""
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([0.5, 0.5, 0.5], n)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    return calibrate(honest, 1 / factor), truth


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.8])
def test_many_labels_find_the_temperature(factor: float) -> None:
    found = fit_temperature(*labelled(3000, factor), own=0.5)

    assert found.value == pytest.approx(0.5 * factor, rel=0.1)
    assert found.low < 0.5 * factor < found.high
    assert found.high / found.low < 1.3


def test_few_labels_say_how_little_they_tell() -> None:
    few, many = (fit_temperature(*labelled(n, 1.0), own=0.5) for n in (5, 500))

    assert few.low < 0.5 < few.high
    assert few.high / few.low > 3 > 1.5 > many.high / many.low


def test_a_few_right_answers_make_nothing_certain() -> None:
    right = fit_temperature(np.array([[0.9, 0.1]] * 10), np.zeros(10, int), own=1.0)

    # The largest likelihood would divide by nothing.
    assert np.exp(-SPREAD) < right.value < 1


def test_wrong_answers_soften() -> None:
    wrong = fit_temperature(np.array([[0.99, 0.01]] * 10), np.ones(10, int), own=1.0)

    assert wrong.low > 1
