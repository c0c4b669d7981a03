"""The service on two Ray nodes: `python -m benchmarks.ray_nodes` writes docs/scaling/ray.json.

Two raylets on this machine stand for two machines. Under load a replica of each part is killed, and
then a whole node; what is counted is who lost an answer beyond one retry, and for how long nobody
was answered. Then the throughput with one and with two replicas of each part.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import typer

from benchmarks.images import MAIN, images
from benchmarks.processes import free_port
from covidxray_api.bulk.ray_cluster import ALONE, ENVIRONMENT

WRITTEN = Path(__file__).parents[1] / "docs" / "scaling" / "ray.json"

CORES = 3
"""Cores that Ray counts on a node: a replica of each part finds its place, and no second one."""


class Crowd:
    """Clients that ask one image after the other, and once more if they get no answer."""

    def __init__(self, port: int, clients: int) -> None:
        self.said: Counter[str] = Counter()
        self.answered: list[float] = []
        self._url = f"http://127.0.0.1:{port}/predict"
        self._film = images(MAIN)[0]
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask until the block ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in self._threads:
                thread.join()

    def longest_pause(self) -> float:
        """Return the longest time in which nobody was answered, in seconds."""
        moments = sorted(self.answered)
        return max(after - before for before, after in pairwise(moments))

    def _ask(self) -> None:
        with httpx.Client(timeout=120) as client:
            while not self._stopped.is_set():
                for outcome in ("at_once", "by_retry"):
                    try:
                        answer = client.post(self._url, content=self._film)
                    except httpx.HTTPError:
                        continue
                    if answer.status_code == httpx.codes.OK:
                        self.said[outcome] += 1
                        self.answered.append(time.monotonic())
                        break
                else:
                    self.said["lost"] += 1


def disturbed(port: int, disturb: Callable[[], object], seconds: float) -> dict[str, Any]:
    """Return what a crowd sees while something is done to the service."""
    crowd = Crowd(port, clients=4)
    with crowd.asking():
        time.sleep(seconds / 3)
        disturb()
        time.sleep(2 * seconds / 3)
    said = {name: crowd.said[name] for name in ("at_once", "by_retry", "lost")}
    return {**said, "longest_pause_s": crowd.longest_pause()}


def kill(part: str) -> None:
    """Kill one replica of a part."""
    name = f"ray::ServeReplica:covidxray:{part}"
    for process in psutil.process_iter():
        if process.cmdline()[:1] == [name]:
            process.kill()
            return


def main(seconds: float = 30.0) -> None:
    """Kill replicas and a node under load, and compare one replica with two."""
    os.environ.update(ENVIRONMENT | ALONE)
    import ray
    from ray import serve
    from ray.cluster_utils import Cluster

    from covidxray_api.bulk.ray_serve import APPLICATION, application

    port, found = free_port(), dict[str, Any]()
    alone = {"include_dashboard": False, "object_store_memory": 128 * 2**20, "num_cpus": CORES}
    cluster = Cluster(initialize_head=True, head_node_args=alone)
    ray.init(address=cluster.address, log_to_driver=False)

    def deploy(replicas: int) -> None:
        arguments = {"host": "127.0.0.1", "deadline_s": 120.0, "least": replicas, "most": replicas}
        serve.run(application(arguments), name=APPLICATION, route_prefix="/")

    def throughput() -> float:
        crowd = Crowd(port, clients=8)
        with crowd.asking():
            time.sleep(seconds)
        return len(crowd.answered) / seconds

    try:
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
        deploy(1)
        throughput()  # warms up
        one = throughput()
        second = cluster.add_node(num_cpus=CORES, object_store_memory=128 * 2**20)
        deploy(2)
        throughput()
        two = throughput()
        found["throughput"] = {"one_replica": one, "two_replicas": two, "ratio": two / one}
        found["cores"], found["load_average"] = os.cpu_count(), os.getloadavg()[0]
        typer.echo(json.dumps(found))
        for part in ("Intake", "Inference", "Door"):
            found[f"{part} killed"] = disturbed(port, partial(kill, part), seconds)
            typer.echo(json.dumps(found[f"{part} killed"]))
        found["node killed"] = disturbed(
            port, lambda: cluster.remove_node(second, allow_graceful=False), 2 * seconds
        )
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()
    WRITTEN.write_text(json.dumps(found, indent=2) + "\n")
    typer.echo(json.dumps(found, indent=2))


if __name__ == "__main__":
    typer.run(main)
