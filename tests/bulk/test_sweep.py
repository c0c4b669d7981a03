"""A sweep on Ray Tune goes on where it was killed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.bulk.conftest import COMMAND
from tests.cli.test_commands import configuration
from tests.drawn import draw_folder
from tests.waiting import wait_until

from covidxray_api.bulk.ray_cluster import ALONE

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]


def test_a_sweep_that_is_killed_goes_on(tmp_path: Path, cluster: str) -> None:
    data, output = tmp_path / "data", tmp_path / "sweep"
    data.mkdir()
    draw_folder(data)
    (tmp_path / "drawn.toml").write_text(configuration())
    sweep = tmp_path / "seeds.toml"
    sweep.write_text('base = "drawn.toml"\n[values]\nseed = [1, 2]\n')
    command = [*COMMAND, "sweep", f"--data={data}", f"--config={sweep}", f"--output={output}"]
    command += [f"--ray={cluster}", "--cores=8"]  # one trial after the other

    def reports() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in output.glob("*/report.json")}

    with subprocess.Popen(command, env=os.environ | ALONE, stdout=subprocess.DEVNULL) as killed:
        wait_until(reports, 300)
        killed.kill()
    (first,) = reports().items()
    again = subprocess.run(command, env=os.environ | ALONE, capture_output=True, text=True)

    assert again.returncode == 0, again.stderr
    assert "2 of 2 trials" in again.stdout
    assert first in reports().items()
    results = json.loads((output / "results.json").read_text())
    assert [each["values"] for each in results] == [{"seed": 1}, {"seed": 2}]
    first_seed, second_seed = (each["figures"] for each in results)
    assert len(first_seed) == len(second_seed) > 0
