"""A Ray cluster on this machine until standard input ends; the first line that it prints is its
address."""

from __future__ import annotations

import sys

from covidxray_api.bulk.ray_cluster import LOCAL, connected

CORES = 8
"""What Ray counts: all replicas, and a job beside them, find their place."""

if __name__ == "__main__":
    with connected(LOCAL, CORES):
        import ray

        print(ray.get_runtime_context().gcs_address, flush=True)
        sys.stdin.read()
