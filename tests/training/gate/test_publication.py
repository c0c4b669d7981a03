from pathlib import Path

import numpy as np
import pytest

from covidxray_api.errors import DatasetError
from covidxray_api.training.data.dataset import Film
from covidxray_api.training.gate.leave_one_out import Trial, divide, read_trials, write_trials
from covidxray_api.training.gate.publication import fit_threshold, fit_weights, scores


def trial(seed: int, useful: int) -> Trial:
    """Make a trial in which only one column tells films from other images."""
    rng = np.random.default_rng(seed)

    def draw(n: int, film: bool) -> np.ndarray:
        columns = rng.uniform(0.3, 0.7, (n, 3))
        columns[:, useful] += 0.25 * (1 if film else -1) * (-1 if useful == 1 else 1)
        return columns.astype(np.float32)

    return Trial(draw(300, True), draw(200, True), draw(40, False))


@pytest.mark.parametrize("useful", [0, 1, 2])
def test_weights_go_to_what_tells_films_apart(useful: int) -> None:
    weights = fit_weights([trial(seed, useful) for seed in range(3)])
    found = abs(np.array([weights.frontal, weights.distance, weights.ssim]))
    spread = np.array([0.5, 0.25, 0.12])  # of the terms
    assert (found * spread).argmax() == useful
    judged = trial(9, useful)
    assert np.median(scores(weights, judged.films)) > 0.8
    assert np.median(scores(weights, judged.others)) < 0.2


def test_the_threshold_refuses_few_films_of_all_trials_together() -> None:
    trials = [trial(seed, 0) for seed in range(4)]
    weights = fit_weights(trials)
    threshold = fit_threshold(weights, trials)
    refused = [scores(weights, each.fitting) < threshold for each in trials]
    assert np.mean(refused) == pytest.approx(0.008, abs=0.001)
    assert all(scores(weights, each.others).max() < threshold for each in trials)


def test_no_patient_is_in_two_parts() -> None:
    films = [
        Film(Path(f"{n}.png"), "normal", ("here", "there")[n % 3 == 0], f"patient {n // 2}")
        for n in range(200)
    ]
    rows = divide(films)
    assert sorted(np.concatenate(rows)) == list(range(200))
    patients = [{films[row].group for row in part} for part in rows]
    assert not patients[0] & patients[1]
    assert not patients[0] & patients[2]
    assert not patients[1] & patients[2]
    assert 0.5 < len(rows.train) / 200 < 0.7


def test_trials_come_back_as_they_were_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="trials"):
        read_trials(tmp_path)
    trials = {"knee": trial(0, 0), "nih and rsna (one archive)": trial(1, 2)}
    write_trials(trials, tmp_path)
    found = read_trials(tmp_path)
    assert list(found) == list(trials)
    for name, expected in trials.items():
        for part, again in zip(expected, found[name], strict=True):
            np.testing.assert_array_equal(part, again)
