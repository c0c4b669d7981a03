"""The profile with Orthanc: its commands and files, run on this machine on ports that are free."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.hospital.nodes import free_port, reachable
from tests.hospital.test_node_guide import Guide, answers
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

pytestmark = pytest.mark.hospital


def here(text: str, service: dict[str, Any], folder: Path, ports: dict[str, int]) -> str:
    """Return what a container is given as it is outside of it: this machine, and a folder."""
    text = re.sub("|".join(ports), lambda found: str(ports[found[0]]), text)
    text = re.sub(r'"(node|orthanc|0\.0\.0\.0)"', '"127.0.0.1"', text)
    for volume in service["volumes"]:
        outside, inside, *_ = volume.split(":")
        text = text.replace(inside, str(folder / Path(outside).name))
    return text


def test_results_appear_in_the_study_in_orthanc(tmp_path: Path) -> None:
    ports = {port: free_port() for port in ("4242", "8042", "11112")}
    published = {port.split(":")[-1] for port in SERVICES["orthanc"]["ports"]}
    assert published == {"4242", "8042"}
    commands = {}
    for name, program in (("orthanc", ["Orthanc"]), ("node", [])):
        (tmp_path / name).mkdir(exist_ok=True)
        words = [*program, *SERVICES[name]["command"]]
        commands[name] = here(" ".join(words), SERVICES[name], tmp_path, ports)
    for path in (ROOT / "deploy" / "orthanc").iterdir():
        service = SERVICES["node" if path.suffix == ".toml" else "orthanc"]
        target = tmp_path if path.suffix == ".toml" else tmp_path / "orthanc"
        text = here(path.read_text(encoding="utf-8"), service, tmp_path, ports)
        (target / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    guide = Guide("", tmp_path, ports)

    with guide.running(commands["orthanc"]), guide.running(commands["node"]):
        wait_until(lambda: answers(ports["8042"]))
        wait_until(lambda: reachable(ports["11112"]))
        guide.typed("python examples/film.py examples/covid_19.png film.dcm")
        guide.typed(f"storescu -aec PACS 127.0.0.1 {ports['4242']} film.dcm")
        wait_until(lambda: guide.modalities(guide.study()) == {"CR", "SR", "OT", "SEG"})
