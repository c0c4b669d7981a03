"""Folders of files with a manifest: hashes and versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from covidxray_api.errors import CorruptArtefact

MANIFEST = "manifest.json"
CARD = "MODEL_CARD.md"


class Frozen(BaseModel):
    """A declaration in a file: it does not change, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def verify(folder: Path, files: Mapping[str, str]) -> None:
    """Compare files with their hashes.

    Parameters
    ----------
    folder : Path
        Where the files are.
    files : mapping of str to str
        SHA-256 of each, by file name.

    Raises
    ------
    CorruptArtefact
        If a file is missing or differs from what was published.
    """
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise CorruptArtefact("missing", path=path)
        if sha256_of(path) != expected:
            raise CorruptArtefact("hash", path=path)


def versions(folder: Path) -> list[Path]:
    """Return the folders of the versions of one artefact, oldest first."""
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return sorted(found, key=lambda version: int(version.name))


def next_version(folder: Path) -> str:
    """Return the version that the next publication of an artefact gets."""
    known = versions(folder)
    return str(int(known[-1].name) + 1) if known else "1"


def write_manifest(manifest: BaseModel, folder: Path) -> None:
    """Store a manifest beside the files that it is about."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
