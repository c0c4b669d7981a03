"""The job on Ray Data: the same rows, computed by actors on the machines of a cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from covidxray_api.bulk import sources, table
from covidxray_api.bulk.film_screener import FilmScreener, Job
from covidxray_api.bulk.job import columns, tasks
from covidxray_api.bulk.ray_cluster import connected
from covidxray_api.bulk.row import flat
from covidxray_api.errors import InvalidJob

if TYPE_CHECKING:
    import pyarrow

BATCH = 16
"""Files that an actor is given at once; an archive counts as one, and is read by one actor."""


class Screening:
    """An actor: paths in, rows out.

    Parameters
    ----------
    job : Job
        How films are screened.
    """

    def __init__(self, job: Job) -> None:
        self._limit = job.settings.max_body_bytes
        self._screener = FilmScreener(job)
        self._schema = table.schema(columns(self._screener))

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        """Return the rows of the films of some files."""
        import pyarrow

        screener = self._screener
        films = tasks(batch["path"].to_pylist(), self._limit, lambda _: True)
        rows = [flat(screener(task)[0], screener.labels) for task in films]
        return pyarrow.Table.from_pylist(rows, self._schema)


def run(films: Sequence[str], job: Job, folder: Path, cluster: str, processes: int | None) -> int:
    """Screen films on a cluster, and write Parquet files to a folder that its machines share.

    Parameters
    ----------
    films : sequence of str
        Sources; see `sources.find`. Every machine has to see them by the same names.
    job : Job
        How.
    folder : Path
        Is filled; must not exist.
    cluster : str
        Address of a Ray cluster, or `local`.
    processes : int, optional
        Actors, each with a core; if none, as many as the cluster has cores, but for one that
        writes.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    FileUnavailable, InvalidJob
        If the job cannot be begun so.
    CorruptArtefact, InvalidConfiguration, InvalidSiteProfile, UnknownModel, UnknownOperatingPoint
        See `FilmScreener`.
    """
    table.require("ray", "ray")
    if folder.exists():
        raise InvalidJob("table_exists", path=folder)
    sources.check(films)
    cores = processes or len(os.sched_getaffinity(0))
    FilmScreener(job)  # what cannot be asked for is told here, not by a machine of the cluster
    with connected(cluster, cores + 1):
        import ray.data

        actors = processes or max(1, int(ray.cluster_resources()["CPU"]) - 1)
        paths = ray.data.from_items([{"path": path} for path in sources.find(films)])
        rows = paths.map_batches(
            Screening,
            fn_constructor_args=(job,),
            batch_size=BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=actors),
            num_cpus=1,
        )
        rows.write_parquet(str(folder.absolute()))
        return int(ray.data.read_parquet(str(folder.absolute())).count())
