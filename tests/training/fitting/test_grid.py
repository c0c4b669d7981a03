from __future__ import annotations

from pathlib import Path

import pytest

from covidxray_api.errors import DatasetError
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.grid import trials

SWEEPS = sorted((Path(__file__).parents[3] / "configs" / "sweeps").glob("*.toml"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with a configuration."""
    shipped = Path(__file__).parents[3] / "configs" / "seed-cnn.toml"
    (tmp_path / "seed-cnn.toml").write_bytes(shipped.read_bytes())
    return tmp_path


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_shipped_sweep_is_valid(path: Path) -> None:
    assert len(trials(path)) > 1


def test_trials_are_every_combination_of_the_values(base: Path) -> None:
    path = base / "sweep.toml"
    path.write_text(
        'base = "seed-cnn.toml"\n[values]\nlearning_rate = [1e-3, 2e-3]\nseed = [1, 2]\n'
    )

    found = trials(path)

    assert [tuple(trial.values.values()) for trial in found] == [
        (1e-3, 1), (1e-3, 2), (2e-3, 1), (2e-3, 2)
    ]  # fmt: skip
    assert found[2].config.learning_rate == 2e-3
    rest = TrainingConfig.read(base / "seed-cnn.toml").model_dump(exclude={"learning_rate", "seed"})
    assert all(
        trial.config.model_dump(exclude={"learning_rate", "seed"}) == rest for trial in found
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('base = "seed-cnn.toml"\n[values]\nspeed = [9]\n', "speed"),
        ('base = "seed-cnn.toml"\n[values]\nepochs = [0]\n', "epochs"),
        ('base = "seed-cnn.toml"\n[values]\nepochs = []\n', "epochs"),
        ('base = "seed-cnn.toml"\n[values]\n', "values"),
        ('base = "absent.toml"\n[values]\nepochs = [1]\n', "absent.toml"),
        ("base = \n", "Invalid value"),
    ],
)
def test_what_is_no_sweep_is_refused(base: Path, text: str, fault: str) -> None:
    path = base / "sweep.toml"
    path.write_text(text)
    with pytest.raises(DatasetError, match=fault):
        trials(path)
