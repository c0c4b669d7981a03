"""A connection to a Ray cluster, or to one on this machine for as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

LOCAL = "local"
"""In place of a cluster's address: one on this machine, for as long as the job runs."""

STORE_BYTES = 256 * 2**20
"""Memory of such a cluster for what its processes share: paths, rows and films in flight."""

ENVIRONMENT = {
    # Nobody is told how it is used.
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Asked for by Ray when it is imported."""

ALONE = {
    # As on systems where Ray has no clusters: all its processes listen on the loopback alone.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # A busy machine takes long to start them.
    "RAY_agent_register_timeout_ms": "120000",
}
"""The same, for a cluster on this machine."""


@contextmanager
def connected(cluster: str, cores: int) -> Iterator[None]:
    """Stay connected to a cluster until the block ends.

    Parameters
    ----------
    cluster : str
        Its address, or `local`.
    cores : int
        Cores that a local cluster counts.
    """
    os.environ.update(ENVIRONMENT | (ALONE if cluster == LOCAL else {}))
    import ray

    if cluster == LOCAL:
        ray.init(
            num_cpus=cores,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            log_to_driver=False,
        )
    else:
        ray.init(address=cluster, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
