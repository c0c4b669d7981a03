"""The service on two Ray nodes: `python -m benchmarks.ray_nodes` writes docs/scaling/ray.json.

Two raylets on this machine stand for two machines. Its answers are compared with those of the plain
service, image by image; then the throughput of one and of two replicas of each part; then a replica
of each part is killed under load, and then a whole node. It takes about six minutes.
"""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any

import httpx
import psutil
import typer
from rich.console import Console

from benchmarks.crowd import disturbed
from benchmarks.images import EXAMPLES, KINDS, images
from benchmarks.processes import free_port, load
from benchmarks.run import ours
from benchmarks.scaling import keep
from covidxray_api.bulk.ray_cluster import ALONE, ENVIRONMENT, SERVING, nodes_here

CORES = 5
"""Cores that Ray counts on a node: what a lost one held finds its place on the other."""

STORE_BYTES = 128 * 2**20

PARTS = ("Intake", "Inference", "Door")

LIMIT_S = 540
"""Seconds after which it gives up."""


def compared(port: int) -> dict[str, int]:
    """Return how many images have the answer of the plain service, figure by figure."""
    films = [film for kind in KINDS for film in images(kind)]
    films += [path.read_bytes() for path in sorted(EXAMPLES.glob("*.png"))]

    def answers(port: int) -> list[Any]:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            named = {"X-Request-ID": "film"}
            said = [client.post("/predict", content=film, headers=named) for film in films]
        return [(answer.status_code, answer.json()) for answer in said]

    with ours(1) as plain:
        expected = answers(plain.port)
    pairs = zip(answers(port), expected, strict=True)
    return {"asked": len(films), "equal": sum(found == wanted for found, wanted in pairs)}


def throughput(port: int, seconds: float) -> dict[str, Any]:
    """Return what eight clients are served, and the cores that all of it keeps busy."""
    load(port, clients=8, seconds=seconds)  # new replicas join and make their first answers
    psutil.cpu_percent()
    found = load(port, clients=8, seconds=seconds)
    return found | {"cores_busy": psutil.cpu_percent() / 100 * (os.cpu_count() or 1)}


def kill(part: str) -> None:
    """Kill one replica of a part; the name of what it does may follow its own."""
    name = f"ray::ServeReplica:covidxray:{part}"
    for process in psutil.process_iter(["cmdline"]):
        if "".join(process.info["cmdline"] or []).startswith(name):
            process.kill()
            return
    raise RuntimeError(f"No process is called {name}.")


def main(
    seconds: Annotated[float, typer.Option(help="Length of a load.")] = 20.0,
) -> None:
    """Compare answers, replicas and nodes, and kill some of them under load."""
    os.environ.update(ENVIRONMENT | SERVING | ALONE)
    import ray
    from ray import serve

    from covidxray_api.bulk.ray_screener import APPLICATION
    from covidxray_api.bulk.ray_serve import application

    def late(*_: object) -> None:
        raise TimeoutError(f"Not done in {LIMIT_S} seconds.")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT_S)
    port, tell = free_port(), Console()
    node = {"object_store_memory": STORE_BYTES, "num_cpus": CORES}

    def deploy(replicas: int) -> None:
        tell.print(f"{replicas} of each part …")
        arguments = {"host": "127.0.0.1", "deadline_s": 120.0, "least": replicas, "most": replicas}
        serve.run(application(arguments), name=APPLICATION, route_prefix="/")

    with nodes_here() as nodes, ExitStack() as stack:
        tell.print("First node …")
        nodes.add(**node)
        ray.init(address=nodes.address, log_to_driver=False)
        stack.callback(ray.shutdown)
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
        deploy(1)
        found: dict[str, Any] = {"cores": os.cpu_count(), "load_average": os.getloadavg()[0]}
        found["answers"] = compared(port)
        tell.print(found)
        found["throughput"] = {"1": throughput(port, seconds)}
        tell.print(found["throughput"])
        tell.print("Second node …")
        second = nodes.add(**node)
        deploy(2)
        found["throughput"]["2"] = throughput(port, seconds)
        tell.print(found["throughput"]["2"])
        found["killed"] = {}
        for part in PARTS:
            found["killed"][f"a replica of `{part}`"] = disturbed(
                port, partial(kill, part), seconds
            )
            tell.print(found["killed"])
        gone = partial(nodes.kill, second)
        found["killed"]["a node of two"] = disturbed(port, gone, 2 * seconds)
        tell.print(found["killed"])
        serve.shutdown()
    keep("ray.json", found)


if __name__ == "__main__":
    typer.run(main)
