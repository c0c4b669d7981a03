"""All of it in one go: `python -m benchmarks.run` writes docs/performance.md and its figures.

Every speed is a ratio in one run on one machine, whose cores the load generator shares.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.images import KINDS, MAIN
from benchmarks.limit import in_process, parts
from benchmarks.processes import ROOT, Service, free_port, running
from benchmarks.report import draw, page, peak_of

PEERS = ("LitServe", "BentoML", "Ray Serve")
"""Servers that run here. TensorFlow Serving and Triton come as images only, and MLServer takes
tensors, not files."""

REQUESTS = 100_000
"""Requests over which memory is watched."""


def ours(workers: int = 2, **settings: Any) -> AbstractContextManager[Service]:
    """Start our service, with a worker for each of two cores unless told otherwise."""
    port = free_port()
    environment = {
        "COVIDXRAY_PORT": str(port),
        "COVIDXRAY_WORKERS": str(workers),
        **{f"COVIDXRAY_{name.upper()}": str(value) for name, value in settings.items()},
    }
    return running([str(Path(sys.executable).with_name("covidxray")), "serve"], port, environment)


def naive() -> AbstractContextManager[Service]:
    """Start the naive service."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.naive:app", f"--port={port}"]
    return running(command, port)


def peer(name: str, python: Path) -> AbstractContextManager[Service]:
    """Start one of the peers from the environment that has them; see docs/performance.md."""
    port, folder = free_port(), ROOT / "benchmarks" / "peers"
    environment = {"RAY_USAGE_STATS_ENABLED": "0", "BENTOML_DO_NOT_TRACK": "true"}
    if name == "BentoML":
        bentoml = str(python.with_name("bentoml"))
        target = "benchmarks.peers.bentoml_server:Screening"
        command = [bentoml, "serve", target, f"--port={port}", "--host=127.0.0.1"]
        return running(command, port, environment, health="/readyz")
    if name == "Ray Serve":
        command = [str(python), str(folder / "ray_server.py"), f"--port={port}"]
        return running(command, port, environment, path="/", health="/")
    command = [str(python), str(folder / "litserve_server.py"), f"--port={port}", "--workers=2"]
    return running(command, port, environment, health="/health")


def measure(seconds: float, peers: Path | None, tell: Console) -> dict[str, Any]:
    """Run everything but the long watch over memory."""
    found: dict[str, Any] = {
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "python": platform.python_version(),
            "date": date.today().isoformat(),
        }
    }
    tell.print("Parts of the work, one core …")
    found["parts"] = {kind: parts(kind) for kind in KINDS}
    tell.print("In-process limit …")
    found["limit"] = {kind: in_process(kind, seconds) for kind in KINDS}
    tell.print("Our service …")
    with ours(max_in_flight=64) as service:
        found["ready_after_s"] = service.ready_after
        found["kinds"] = {
            kind: service.load(kind=kind, clients=8, seconds=seconds) for kind in KINDS
        }
        found["clients"] = {
            str(clients): service.load(kind=MAIN, clients=clients, seconds=seconds)
            for clients in (1, 2, 4, 8, 16, 32, 64)
        }
        peak = peak_of(found["clients"])
        found["half_load"] = service.load(
            kind=MAIN, clients=64, seconds=2 * seconds, rate=round(peak / 2)
        )
    tell.print("Workers …")
    found["workers"] = {"2": found["clients"]["8"]}
    for workers in (1, 3):
        with ours(workers) as service:
            found["workers"][str(workers)] = service.load(kind=MAIN, clients=8, seconds=seconds)
    tell.print("Five times capacity …")
    with ours(max_in_flight=8) as service:
        found["overload"] = service.load(
            kind=MAIN, clients=256, seconds=2 * seconds, rate=round(5 * peak)
        )
    tell.print("The naive service …")
    with naive() as service:
        found["naive"] = {
            str(clients): service.load(kind=MAIN, clients=clients, seconds=seconds)
            for clients in (1, 8)
        }
    if peers is not None:
        found["peers"] = {}
        for name in PEERS:
            tell.print(f"{name} …")
            with peer(name, peers) as service:
                found["peers"][name] = {
                    str(clients): service.load(kind=MAIN, clients=clients, seconds=seconds)
                    for clients in (1, 8)
                }
    return found


def watch_memory(tell: Console) -> dict[str, Any]:
    """Ask a single worker 100,000 times, and tell how its memory grows after the first tenth."""
    tell.print(f"Memory over {REQUESTS:,} requests …")
    with ours(workers=1) as service:
        resident, asked = [], 0
        while asked < REQUESTS:
            asked += service.load(kind="224² JPEG", clients=8, seconds=10)["served"]
            resident.append((asked, service.resident()[0]))
            tell.print(f"{asked:,}: {resident[-1][1]:.1f} MB")
    return {"requests": [n for n, _ in resident], "resident_mb": [mb for _, mb in resident]}


def main(
    seconds: Annotated[float, typer.Option(help="Length of each load.")] = 5.0,
    peers: Annotated[
        Path | None, typer.Option(help="Python of an environment that has the peers.")
    ] = None,
    memory: Annotated[bool, typer.Option(help="Also watch memory over 100,000 requests.")] = False,
    output: Annotated[Path, typer.Option(help="Folder for page and figures.")] = ROOT / "docs",
) -> None:
    """Measure the service against its in-process limit, the naive service and its peers."""
    tell = Console()
    folder = output / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "service.json"
    found = measure(seconds, peers, tell)
    if memory:
        found["memory"] = watch_memory(tell)
    elif kept.is_file():
        found |= {k: v for k, v in json.loads(kept.read_text()).items() if k == "memory"}
    kept.write_text(json.dumps(found, indent=1) + "\n")
    engines = folder / "engines.json"
    draw(found, folder / "service.png")
    page_of = page(found, json.loads(engines.read_text()) if engines.is_file() else None)
    (output / "performance.md").write_text(page_of, encoding="utf-8")
    tell.print(page_of)


if __name__ == "__main__":
    typer.run(main)
