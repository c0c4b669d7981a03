"""What `covidxray sweep` does: trials on Ray Tune, and the table of what each is worth.

All that outlives a trial is in its folder, by which the same command goes on::

    OUTPUT/NAME-HASH/runs/          state after the last epoch
    OUTPUT/NAME-HASH/store/         the published model
    OUTPUT/NAME-HASH/report.json    what `covidxray evaluate` measures; the trial is done
    OUTPUT/results.json, .csv       every figure of every trial that is done
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.models.artefacts import read_json, write_json, write_text
from covidxray_api.models.evidence import ONE_LEFT_OUT
from covidxray_api.models.store import ModelStore
from covidxray_api.training.data.dataset import load_pixels, read_dataset
from covidxray_api.training.evaluation.classifier import evaluate, predict_unseen
from covidxray_api.training.fitting.checkpoint import Checkpoint
from covidxray_api.training.fitting.config import TrainingConfig
from covidxray_api.training.fitting.grid import Trial
from covidxray_api.training.workflows.classifier import run_training

REPORT = "report.json"

RETRIES = 2
"""How often a trial is begun again that has ended with its machine or by a fault."""

Row = dict[str, Any]


def run_sweep(
    data: Path, trials: Sequence[Trial], output: Path, cores: float, gpus: float
) -> list[str]:
    """Train and measure what has not been, on the Ray cluster that this process is connected to.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    trials : sequence of Trial
        The runs.
    output : Path
        Folder for all that is kept. Every machine has to see it and `data` by the same names.
    cores, gpus : float
        What a trial takes of the cluster.

    Returns
    -------
    list of str
        What became of trials that have failed.
    """
    from ray import tune

    # Its own tables of each trial; ours are in the folder.
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    data, output = data.absolute(), output.absolute()
    images = read_dataset(data)
    folders = [
        output / Checkpoint.of(output, trial.config, trial.config.suitable(images)).path.stem
        for trial in trials
    ]

    def trial(chosen: Mapping[str, int]) -> None:
        run_trial(data, trials[chosen["number"]].config, folders[chosen["number"]])

    left = [number for number, folder in enumerate(folders) if not (folder / REPORT).is_file()]
    failed = []
    if left:
        found = tune.Tuner(
            tune.with_resources(trial, {"cpu": cores, "gpu": gpus}),
            param_space={"number": tune.grid_search(left)},
            run_config=tune.RunConfig(
                storage_path=str(output / "ray"),
                failure_config=tune.FailureConfig(max_failures=RETRIES),
            ),
        ).fit()
        failed = [
            f"{folders[number].name}: {str(result.error).strip().splitlines()[-1]}"
            for number, result in zip(left, found, strict=True)
            if result.error
        ]
    write_results(output, trials, folders)
    return failed


def run_trial(data: Path, config: TrainingConfig, folder: Path) -> None:
    """Train and publish into a folder's own store, measure, and write the report.

    Parameters
    ----------
    data : Path
        Folder of radiographs.
    config : TrainingConfig
        The run; it goes on where it was interrupted.
    folder : Path
        The trial's.
    """
    store = ModelStore(folder / "store")
    if config.name not in store.names():
        run_training(data, config, store, None, folder / "runs")
    images = read_dataset(data)
    model = ModelRegistry(store, config.name).get()
    unseen = predict_unseen(model, images, load_pixels(images, config.input_size))
    write_json(folder / REPORT, evaluate(unseen))


def figures(report: Mapping[str, Any], config: TrainingConfig) -> Iterator[Row]:
    """Yield the figures of a report, each with where it was measured, its interval and its n.

    All are of patients whom training has not seen: held out, or of a source left out.
    """
    held_out = report["held_out"]
    own = "held out of " + ", ".join(held_out["films"])
    for figure in ("accuracy", "balanced_accuracy"):
        yield {"figure": figure, "data_set": own, "label": "all"} | held_out[figure]
    for figure in ("called_covid_19", "auroc_covid_19"):
        for source, labels in report[figure].items():
            data_set = ONE_LEFT_OUT.format(source=source) if source in config.leave_out else source
            for label, found in labels.items():
                yield {"figure": figure, "data_set": data_set, "label": label} | found


def write_results(output: Path, trials: Sequence[Trial], folders: Sequence[Path]) -> None:
    """Write the figures of all trials that are done, as JSON and as CSV with a row a figure."""
    results, rows = [], []
    for trial, folder in zip(trials, folders, strict=True):
        if report := read_json(folder / REPORT):
            found = list(figures(report, trial.config))
            results.append({"trial": folder.name, "values": trial.values, "figures": found})
            rows += [{"trial": folder.name} | trial.values | figure for figure in found]
    write_json(output / "results.json", results)
    if rows:
        text = io.StringIO()
        table = csv.DictWriter(text, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_text(output / "results.csv", text.getvalue())
