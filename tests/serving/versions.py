"""Versions of a model, for services that change theirs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from covidxray_api.settings import shipped

NAME = "seed-cnn"


def first_version(store: Path) -> Path:
    """Copy a shipped model to a store, and return the folder of its version."""
    shutil.copytree(shipped("model_store") / NAME, store / NAME)
    (folder,) = (path.parent for path in store.glob("*/*/manifest.json"))
    return folder


def next_version(folder: Path) -> Path:
    """Publish another version of the same networks beside one, with other probabilities."""
    manifest = json.loads((folder / "manifest.json").read_text())
    version = str(int(folder.name) + 1)
    shutil.copytree(folder, folder.with_name(version))
    manifest |= {"version": version, "temperature": manifest["temperature"] * 1.5}
    (folder.with_name(version) / "manifest.json").write_text(json.dumps(manifest))
    return folder.with_name(version)


def damage(path: Path) -> None:
    """Change a bit in the middle of a file."""
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
