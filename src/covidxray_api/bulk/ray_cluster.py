"""A connection to a Ray cluster, or to one on this machine for as long as it is needed."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ray._private.node import Node
    from ray.cluster_utils import Cluster

LOCAL = "local"
"""In place of a cluster's address: one on this machine, for as long as the job runs."""

STORE_BYTES = 256 * 2**20
"""Memory of such a cluster for what its processes share: paths, rows and films in flight."""

ENVIRONMENT = {
    # Nobody is told how it is used.
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Asked for by Ray when it is imported."""

SERVING = {
    # What replicas tell one another goes with the call: by the object store, what the other is told
    # on another machine takes up to a second longer.
    "RAY_max_direct_call_object_size": str(64 * 2**20),
    "RAY_task_rpc_inlined_bytes_limit": str(256 * 2**20),
}
"""The same, for Ray on each machine that serves."""

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

PORTS = (
    "metrics_agent_port",
    "metrics_export_port",
    "dashboard_agent_listen_port",
    "runtime_env_agent_port",
)
"""Ports of the processes that measure a node and prepare its workers."""

BELOW = range(20_000, 32_000)
"""Where they are chosen: between those of Ray's workers and those that the system hands out."""


@contextmanager
def connected(cluster: str, cores: int, gpus: int = 0) -> Iterator[None]:
    """Stay connected to a cluster until the block ends.

    Parameters
    ----------
    cluster : str
        Its address, or `local`.
    cores, gpus : int
        What a local cluster counts.
    """
    os.environ.update(ENVIRONMENT | (ALONE if cluster == LOCAL else {}))
    import ray

    with ExitStack() as stack:
        if cluster == LOCAL:
            nodes = stack.enter_context(nodes_here())
            nodes.add(num_cpus=cores, num_gpus=gpus, object_store_memory=STORE_BYTES)
            cluster = nodes.address
        ray.init(address=cluster, log_to_driver=False)
        stack.callback(ray.shutdown)
        yield


@contextmanager
def nodes_here() -> Iterator[Nodes]:
    """Yield a cluster of this machine that has no nodes yet, and end it when the block ends."""
    from ray._private.authentication.authentication_token_setup import ensure_token_if_auth_enabled
    from ray.cluster_utils import Cluster

    # As `ray.init` does for a cluster of its own, which cannot be told ports.
    ensure_token_if_auth_enabled(create_token_if_missing=True)
    nodes = Nodes(Cluster())
    try:
        yield nodes
    finally:
        nodes.end()


class Nodes:
    """The nodes of a cluster on the loopback of this machine.

    A node waits 15 seconds for each process beside it to say on which port it listens, and then
    ends, which no setting changes; on a busy machine they take longer to start. So they are told
    their ports, and the node too.

    Parameters
    ----------
    cluster : ray.cluster_utils.Cluster
        Without nodes.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._folder = Path(gettempdir()) / "ray"
        self._session = f"session_{os.getpid()}_{time.time_ns()}"

    @property
    def address(self) -> str:
        """Where drivers and others connect to."""
        return str(self._cluster.address)

    def add(self, **options: int) -> Node:
        """Begin a node.

        Parameters
        ----------
        **options : int
            What it counts: `num_cpus`, `num_gpus`, `object_store_memory`.
        """
        import ray
        from ray._raylet import DASHBOARD_AGENT_LISTEN_PORT_NAME, persist_port

        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        name, session = ray.NodeID.from_random().hex(), self._folder / self._session
        session.mkdir(parents=True, exist_ok=True)
        # Of the four, the one that Ray hands on to the process alone: the node reads it here.
        listen = ports["dashboard_agent_listen_port"]
        persist_port(str(session), name, DASHBOARD_AGENT_LISTEN_PORT_NAME, listen)
        return self._cluster.add_node(
            node_ip_address="127.0.0.1",
            temp_dir=str(self._folder),
            session_name=self._session,
            env_vars={"RAY_OVERRIDE_NODE_ID_FOR_TESTING": name},
            include_dashboard=False,
            include_log_monitor=False,
            no_monitor=True,
            **ports,
            **options,
        )

    def kill(self, node: Node) -> None:
        """End a node at once, with all that works on it."""
        self._cluster.remove_node(node, allow_graceful=False)

    def end(self) -> None:
        """End all nodes."""
        self._cluster.shutdown()


def free_ports(number: int) -> list[int]:
    """Return ports on which nobody listens."""
    found: list[int] = []
    for port in random.sample(BELOW, len(BELOW)):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == number:
            break
    return found
