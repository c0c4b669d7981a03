"""The guide for PACS engineers, done as it says: from nothing to results in Orthanc."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.hospital.nodes import free_port, reachable
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "pacs.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.hospital


@dataclass(frozen=True)
class Guide:
    """The guide, with ports that are free, and the folder in which it is followed."""

    text: str
    folder: Path
    ports: dict[str, int]

    @classmethod
    def opened(cls, folder: Path) -> Guide:
        """Write the files of the guide."""
        ports = {port: free_port() for port in ("4242", "8042", "11112")}
        text = re.sub("|".join(ports), lambda found: str(ports[found[0]]), GUIDE)
        guide = cls(text, folder, ports)
        for name in ("orthanc.json", "route.lua", "node.toml"):
            (folder / name).write_text(guide.file(name), encoding="utf-8")
        (folder / "examples").symlink_to(ROOT / "examples")
        return guide

    def file(self, name: str) -> str:
        """Return a file of the guide."""
        found = re.search(rf"`{name}`:\n\n```\w+\n(.*?)```", self.text, re.DOTALL)
        assert found
        return found[1]

    def commands(self) -> list[str]:
        """Return what is typed, block by block."""
        return re.findall(r"```sh\n(.*?)```", self.text, re.DOTALL)

    def environment(self) -> dict[str, str]:
        """Return an environment in which commands are found, and the home is a new one."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return os.environ | {"PATH": path, "HOME": str(self.folder)}

    def typed(self, block: str) -> str:
        """Type a block, and return what it says."""
        done = subprocess.run(
            ["/bin/bash", "-ec", block],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, block: str) -> Iterator[None]:
        """Let a block run in a terminal of its own."""
        words = block.split()
        words[0] = shutil.which(words[0], path=self.environment()["PATH"]) or words[0]
        with (self.folder / f"{Path(words[0]).name}.log").open("w") as log:
            process = subprocess.Popen(
                words, cwd=self.folder, env=self.environment(), stdout=log, stderr=log
            )
            try:
                yield
            finally:
                process.terminate()
                assert process.wait() == 0

    def modalities(self, study: str) -> set[str]:
        """Return the modalities of a study's series in Orthanc."""
        asked = {"Level": "Series", "Expand": True, "Query": {"StudyInstanceUID": study}}
        address = f"http://127.0.0.1:{self.ports['8042']}/tools/find"
        found: list[dict[str, Any]] = httpx.post(address, json=asked).json()
        return {series["MainDicomTags"]["Modality"] for series in found}

    def study(self) -> str:
        """Return the only study that Orthanc has."""
        address = f"http://127.0.0.1:{self.ports['8042']}/studies?expand"
        (study,) = httpx.get(address).json()
        uid: str = study["MainDicomTags"]["StudyInstanceUID"]
        return uid


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/system").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("kind", ["dimse", "stow"])
def test_results_appear_in_the_study_in_orthanc(kind: str, tmp_path: Path) -> None:
    guide = Guide.opened(tmp_path)
    if kind == "stow":
        (other,) = re.findall(
            r"instead, the destination is\n\n```toml\n(.*?)```", guide.text, re.DOTALL
        )
        file = tmp_path / "node.toml"
        first, _, last = file.read_text(encoding="utf-8").partition("[[destinations]]")
        wanted = re.findall(r"results = .*", last)
        file.write_text("\n".join([first, other, *wanted]), encoding="utf-8")
    _, pacs, node, send, look, _ = guide.commands()

    with guide.running(pacs), guide.running(node):
        wait_until(lambda: answers(guide.ports["8042"]))
        wait_until(lambda: reachable(guide.ports["11112"]))
        guide.typed(send)
        wait_until(lambda: guide.modalities(guide.study()) == {"CR", "SR", "OT", "SEG"})
        wait_until(lambda: "sent\t3" in guide.typed(look))
        told = guide.typed(look)

    found, _, status = told.partition("films")
    (series,) = json.loads(found)
    assert series["MainDicomTags"]["Manufacturer"] == "covidxray-api"
    assert status == "\tanswered\t1\nresults\tpacs\tsent\t3\n"
