from pathlib import Path

import numpy as np
import pytest

from covidxray_api.consistency.gate import GateManifest
from covidxray_api.errors import DatasetError
from covidxray_api.settings import shipped
from covidxray_api.training.data.dataset import LabelledImage
from covidxray_api.training.gate.leave_one_out import (
    LeaveOneOut,
    divide,
    read_signals,
    repeat_division,
    write_signals,
)
from covidxray_api.training.gate.scoring import fit_threshold, fit_weights, scores


def run_with(seed: int, useful: int) -> LeaveOneOut:
    """Make a run in which only one column tells radiographs from other images."""
    rng = np.random.default_rng(seed)

    def draw(n: int, radiograph: bool) -> np.ndarray:
        columns = rng.uniform(0.3, 0.7, (n, 3))
        columns[:, useful] += 0.25 * (1 if radiograph else -1) * (-1 if useful == 1 else 1)
        return columns.astype(np.float32)

    return LeaveOneOut(draw(300, True), draw(200, True), draw(40, False))


@pytest.mark.parametrize("useful", [0, 1, 2])
def test_weights_go_to_what_tells_radiographs_apart(useful: int) -> None:
    weights = fit_weights([run_with(seed, useful) for seed in range(3)])
    found = abs(np.array([weights.frontal, weights.distance, weights.ssim]))
    spread = np.array([0.5, 0.25, 0.12])  # of the terms
    assert (found * spread).argmax() == useful
    judged = run_with(9, useful)
    assert np.median(scores(weights, judged.radiographs)) > 0.8
    assert np.median(scores(weights, judged.others)) < 0.2


def test_the_threshold_refuses_few_radiographs_of_all_runs_together() -> None:
    runs = [run_with(seed, 0) for seed in range(4)]
    weights = fit_weights(runs)
    threshold = fit_threshold(weights, runs)
    refused = [scores(weights, each.fitting) < threshold for each in runs]
    assert np.mean(refused) == pytest.approx(0.008, abs=0.001)
    assert all(scores(weights, each.others).max() < threshold for each in runs)


def test_no_patient_is_in_two_parts() -> None:
    radiographs = [
        LabelledImage(
            Path(f"{n}.png"), "normal", ("here", "there")[n % 3 == 0], f"patient {n // 2}"
        )
        for n in range(200)
    ]
    rows = divide(radiographs)
    assert sorted(np.concatenate(rows)) == list(range(200))
    patients = [{radiographs[row].group for row in part} for part in rows]
    assert not patients[0] & patients[1]
    assert not patients[0] & patients[2]
    assert not patients[1] & patients[2]
    assert 0.5 < len(rows.train) / 200 < 0.7


def test_runs_come_back_as_they_were_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="trials"):
        read_signals(tmp_path)
    runs = {"knee": run_with(0, 0), "nih and rsna (one archive)": run_with(1, 2)}
    write_signals(runs, tmp_path)
    found = read_signals(tmp_path)
    assert list(found) == list(runs)
    for name, expected in runs.items():
        for part, again in zip(expected, found[name], strict=True):
            np.testing.assert_array_equal(part, again)


def test_a_division_of_other_radiographs_is_refused() -> None:
    radiographs = [LabelledImage(Path(f"{n}.png"), "normal", "here", str(n)) for n in range(50)]
    rows = divide(radiographs)
    path = shipped("reference") / "gate" / "2" / "manifest.json"
    manifest = GateManifest.model_validate_json(path.read_bytes()).model_copy(
        update={
            "training": {
                "films": {"here": len(rows.train)},
                "films_for_threshold": {"here": len(rows.fitting)},
            }
        }
    )
    new = LabelledImage(Path("new.png"), "normal", "elsewhere", "new")
    held_out = repeat_division([*radiographs, new], manifest)
    assert held_out == [radiographs[row] for row in rows.held_out]
    with pytest.raises(DatasetError, match="split"):
        repeat_division(radiographs[:40], manifest)
