"""The job on Ray Data has the rows of the job on one machine."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from pyarrow import parquet
from tests.bulk.conftest import COMMAND
from tests.varied import vary

from covidxray_api.bulk import ray_data
from covidxray_api.bulk.film_screener import Job
from covidxray_api.bulk.job import Output, run
from covidxray_api.bulk.ray_cluster import ALONE, LOCAL
from covidxray_api.errors import InvalidJob
from covidxray_api.settings import Settings

pytestmark = pytest.mark.ray


@pytest.fixture
def archive(tmp_path: Path, examples: Path) -> Path:
    folder = tmp_path / "archive"
    vary(examples / "covid_19.png", folder, count=20)
    (folder / "notes.txt").write_text("The patient is well.")
    with zipfile.ZipFile(folder / "films.zip", "w") as zipped:
        zipped.write(examples / "viral_pneumonia.png", "viral.png")
        zipped.write(examples / "not_a_radiograph.png", "none.png")
    return folder


@pytest.mark.timeout(600)
def test_the_rows_are_those_of_the_job_on_one_machine(
    archive: Path, tmp_path: Path, cluster: str
) -> None:
    out = tmp_path / "one.parquet"
    run([str(archive)], Job(Settings()), Output(out), processes=1)
    expected = parquet.read_table(out).to_pylist()

    # In a process of its own, for which Ray's variables are set.
    command = [*COMMAND, "screen", str(archive), "--out", str(tmp_path / "many")]
    done = subprocess.run(
        [*command, "--ray", cluster, "--processes", "2"],
        env=os.environ | ALONE,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "Wrote 23 rows" in done.stdout
    found = parquet.read_table(tmp_path / "many").to_pylist()
    key = json.dumps
    assert sorted(found, key=key) == sorted(expected, key=key)


def test_a_folder_that_exists_is_kept(archive: Path) -> None:
    with pytest.raises(InvalidJob, match="exists"):
        ray_data.run([str(archive)], Job(Settings()), archive, LOCAL, 1)
