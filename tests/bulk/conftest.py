from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from benchmarks.processes import free_port

from covidxray_api.bulk.ray_cluster import ALONE

COMMAND = (sys.executable, "-c", "from covidxray_api.cli import app; app()")

Deploy = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def deploy(cluster: str) -> Iterator[Deploy]:
    """Run `covidxray deploy ray` with settings, on the same port each time."""
    port = free_port()
    alone = ALONE | {"COVIDXRAY_PORT": str(port), "COVIDXRAY_DEADLINE_S": "120"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)

    def deployed(**settings: str) -> httpx.Client:
        subprocess.run(
            [*COMMAND, "deploy", "ray", "--most", "1", "--cluster", cluster],
            env=os.environ | alone | settings,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=200,
        )
        return client

    with client:
        yield deployed


@pytest.fixture(scope="session")
def on_ray(deploy: Deploy) -> httpx.Client:
    """The service as shipped, on Ray Serve."""
    return deploy()
