"""Ask a running service whatever its API description allows, and what it does not.

Schemathesis makes the requests from `/openapi.json`: examples, bounds of each parameter, and random
ones, with films in half of those that carry files. An answer is a fault if it is a 5xx, or has a
status, media type, header or body that the description does not have. Everything that can be
switched on is, so that no 5xx has an excuse.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx
import typer
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.processes import ROOT
from benchmarks.run import ours

HOOKS = "benchmarks.films_in_requests"
"""Module that Schemathesis loads."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)


def answered(port: int) -> str:
    """Return how many requests a service has answered, by class of status."""
    said: Counter[str] = Counter()
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    for family in text_string_to_metric_families(text):
        if family.name == "covidxray_requests":
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    said[sample.labels["status"]] += int(sample.value)
    shares = ", ".join(f"{status} {count:,}" for status, count in sorted(said.items()))
    return f"{said.total():,} requests answered: {shares}"


def main(
    examples: Annotated[int, typer.Option(help="Most random requests of an operation.")] = 4000,
    seconds: Annotated[
        int | None, typer.Option(help="Time that all of it may take; no bound if unset.")
    ] = None,
) -> None:
    """Run it; exit code 1 if an answer is a fault."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        kept = {
            "records": folder / "records.sqlite",
            "record_screenings": "required",
            "jobs": folder / "jobs",
            "results": folder / "results",
        }
        with ours(workers=1, **kept) as service:
            command = [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                f"http://127.0.0.1:{service.port}/openapi.json",
                f"--checks={','.join(CHECKS)}", "--phases=examples,coverage,fuzzing",
                f"--max-examples={examples}", "--continue-on-failure", "--request-timeout=30",
                "--workers=2", "--warnings=off", "--generation-database=none",
            ]  # fmt: skip
            command += [f"--max-time={seconds}"] if seconds else []
            loads = {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(  # noqa: S603
                command, cwd=folder, env=os.environ | loads, check=False
            )
            typer.echo(answered(service.port))
    raise typer.Exit(done.returncode)


if __name__ == "__main__":
    typer.run(main)
