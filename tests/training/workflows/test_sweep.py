from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from covidxray_api.models.store import ModelStore
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.grid import Trial
from covidxray_api.training.workflows.sweep import run_trial, write_results


@pytest.mark.usefixtures("eagerly")
def test_every_figure_of_a_trial_says_where_and_on_how_many_it_was_measured(
    indexed_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    run = config.model_copy(update={"leave_out": ("there",), "validation_share": 0.4, "epochs": 1})
    done, not_yet = tmp_path / "done", tmp_path / "not-yet"

    run_trial(indexed_folder, run, done)
    write_results(tmp_path, [Trial({"seed": 1}, run), Trial({"seed": 2}, run)], [done, not_yet])

    assert ModelStore(done / "store").names() == ["drawn"]
    (result,) = json.loads((tmp_path / "results.json").read_text())
    assert (result["trial"], result["values"]) == ("done", {"seed": 1})
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert len(rows) == len(result["figures"])
    measured = {(row["figure"], row["data_set"], row["label"]): row for row in rows}
    assert int(measured["balanced_accuracy", "held out of here", "all"]["n"]) == 16
    assert int(measured["called_covid_19", "there, left out", "normal"]["n"]) == 10
    assert all(row["seed"] == "1" for row in rows)
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)
