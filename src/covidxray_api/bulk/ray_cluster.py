"""A connection to a Ray cluster, or to one on this machine for as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

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
    # Whoever connects needs the token that Ray keeps for the user who began it.
    "RAY_AUTH_MODE": "token",
    # A busy machine takes long to start them, and longer if it starts workers that nobody asks for.
    "RAY_agent_register_timeout_ms": "120000",
    "RAY_prestart_worker_first_driver": "0",
}
"""The same, for a cluster on this machine."""

ATTEMPTS = 4
"""How often a node on this machine is begun."""

Node = TypeVar("Node")


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
        begun(
            lambda: ray.init(
                num_cpus=cores,
                include_dashboard=False,
                object_store_memory=STORE_BYTES,
                log_to_driver=False,
            )
        )
    else:
        ray.init(address=cluster, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


def begun(begin: Callable[[], Node]) -> Node:
    """Begin a node on this machine, and again where that takes longer than Ray waits.

    A raylet gives the process that measures it 15 seconds to start, which nothing changes; on a
    busy machine it takes longer until its files are in memory.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return begin()
        except Exception as error:  # Ray has no class of its own for it
            if "timed out during startup" not in str(error):
                raise
    return begin()
