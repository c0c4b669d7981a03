"""Services under test: started on a free port of this machine, watched, and always stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[1]
PATIENCE = 180
"""Seconds that a service may take to start."""


def tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that it started."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """Return the time that a process and all that it started have computed."""
    return sum(sum(each.cpu_times()[:2]) for each in tree(process))


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    port: int
    process: psutil.Process
    ready_after: float
    """Seconds from start to the first 200 of /health/ready."""

    path: str

    def cpu_seconds(self) -> float:
        """Return the time that all its processes have computed."""
        return cpu_seconds(self.process)

    def resident(self) -> list[float]:
        """Return the resident memory of each process, in megabytes, largest first."""
        return sorted((p.memory_info().rss / 2**20 for p in tree(self.process)), reverse=True)

    def load(self, **options: Any) -> dict[str, Any]:
        """Put load on it from another process; add CPU seconds and memory to what came back."""
        before = self.cpu_seconds()
        found = load(self.port, path=self.path, **options)
        spent = self.cpu_seconds() - before
        asked = found["served"] + found["refused"]
        return found | {
            "cpu_ms_per_request": spent / max(asked, 1) * 1e3,
            "resident_mb": self.resident(),
        }


def load(port: int, **options: Any) -> dict[str, Any]:
    """Put load on a port of this machine from another process; return what came back."""
    arguments = [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.load", str(port), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str] | None = None,
    path: str = "/predict",
    health: str = "/health/ready",
) -> Iterator[Service]:
    """Run a service until the block ends."""
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tree = psutil.Process(process.pid)
    try:
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}{health}").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.monotonic() - begun > PATIENCE:
                raise RuntimeError(f"{' '.join(command)} did not start.")
            time.sleep(0.01)
        yield Service(port, tree, time.monotonic() - begun, path)
    finally:
        children = tree.children(recursive=True)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        for child in children:
            if child.is_running():
                child.kill()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
