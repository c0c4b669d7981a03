"""Ask a running service whatever its API description allows, and what it does not.

Schemathesis makes the requests from `/openapi.json`: examples, bounds of each parameter, and random
ones. An answer is a fault if it is a 5xx, or has a status, media type, header or body that the
description does not have. Everything that can be switched on is, so that no 5xx has an excuse.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.run import ours

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)


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
                "--warnings=off", "--generation-database=none",
            ]  # fmt: skip
            command += [f"--max-time={seconds}"] if seconds else []
            done = subprocess.run(command, cwd=folder, check=False)  # noqa: S603
    raise typer.Exit(done.returncode)


if __name__ == "__main__":
    typer.run(main)
