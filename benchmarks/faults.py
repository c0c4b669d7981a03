"""Run the faults of `tests/faults`, and write what came of them into docs/reliability.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import typer

from benchmarks.sections import rewrite

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
HEAD = (
    "| case | what callers see | what the log says | time to recover | test |\n"
    "|---|---|---|---|---|\n"
)


def row(case: ElementTree.Element) -> str:
    """Return a row of the table: what a test has noted."""
    noted = {it.attrib["name"]: it.attrib["value"] for it in case.iter("property")}
    path = case.attrib["classname"].replace(".", "/") + ".py"
    test = case.attrib["name"].partition("[")[0]
    cells = [noted["case"], noted["caller"], noted["log"], noted["recovery"], f"`{path}::{test}`"]
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Run all faults; the table is written if all went as they should."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "faults.xml"
        command = [sys.executable, "-m", "pytest", "-m", "faults", "tests/faults"]
        command += ["-o", "junit_family=xunit1"]  # the one that has properties
        done = subprocess.run([*command, f"--junitxml={report}"], cwd=ROOT)  # noqa: S603
        if done.returncode:
            raise typer.Exit(done.returncode)
        cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - our own file
        rows = [row(case) for case in cases if case.find("properties") is not None]
    rewrite(PAGE, "faults", HEAD + "".join(rows))


if __name__ == "__main__":
    typer.run(main)
