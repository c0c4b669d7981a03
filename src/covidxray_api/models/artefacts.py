"""Published artefacts: a folder for each version, which appears whole and never changes.

An artefact (a model, a gate, the mean radiograph) is a folder of files with a manifest that lists
the SHA-256 of each. What is learned of it afterwards, its evidence, lies beside the manifest and is
no part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from covidxray_api.errors import CorruptArtefact

MANIFEST = "manifest.json"
EVIDENCE = "evidence.json"
CARD = "MODEL_CARD.md"

SUMS, SUMS_SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"

MANIFEST_SIGNATURE = "manifest.json.sig"
"""Signature as it was until evidence and card were signed too."""

SIGNATURES = (SUMS, SUMS_SIGNATURE, MANIFEST_SIGNATURE)

UNHASHED = frozenset({MANIFEST, EVIDENCE, CARD, *SIGNATURES})
"""Files that no manifest lists: itself, what is learned of the artefact later, and signatures."""

DRAFT = ".draft-"
"""How the name of a folder begins whose version is not yet published."""


class Declaration(BaseModel):
    """A declaration in a file: it does not change, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is being made."""

    folder: Path
    """Where its files are written."""

    version: str
    """The version that it becomes."""


@contextmanager
def new_version(folder: Path) -> Iterator[Draft]:
    """Make the next version of an artefact; it is published by a rename, or not at all.

    Parameters
    ----------
    folder : Path
        Holds a folder for each version; made where there is none.

    Raises
    ------
    CorruptArtefact
        If somebody else has published the same version meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = versions(folder)
    version = str(int(known[-1].name) + 1) if known else "1"
    draft = Path(mkdtemp(prefix=DRAFT, dir=folder))
    try:
        # A temporary folder is the user's alone; what is published is for the service to read.
        draft.chmod(0o755)
        yield Draft(draft, version)
        try:
            draft.rename(folder / version)
        except OSError as error:
            raise CorruptArtefact("version_taken", path=folder / version) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def versions(folder: Path) -> list[Path]:
    """Return the folders of the published versions of one artefact, oldest first.

    Folders whose name is no whole number, such as a copy or a draft, are no versions.
    """
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return sorted((path for path in found if path.name.isdecimal()), key=lambda it: int(it.name))


def verify(
    folder: Path, files: Mapping[str, str], training_files: Mapping[str, str] | None = None
) -> None:
    """Compare a published folder with the list in its manifest.

    Parameters
    ----------
    folder : Path
        A published version.
    files : mapping of str to str
        SHA-256 of each file that is served, by its name.
    training_files : mapping of str to str, optional
        Of those that only training reads, which may be absent and are not hashed here.

    Raises
    ------
    CorruptArtefact
        If a served file is missing or differs from what was published, or if there is one that the
        manifest does not list.
    """
    listed = {*files, *(training_files or {}), *UNHASHED}
    for path in sorted(folder.iterdir()):
        if path.name not in listed and not path.is_dir():
            raise CorruptArtefact("unlisted", path=path)
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise CorruptArtefact("missing", path=path)
        if sha256_of(path) != expected:
            raise CorruptArtefact("hash", path=path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashed(folder: Path, *names: str) -> dict[str, str]:
    """Return the SHA-256 of files of a folder, by name."""
    return {name: sha256_of(folder / name) for name in names}


def write_manifest(manifest: BaseModel, folder: Path) -> None:
    """Write a manifest beside the files that it lists."""
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that a reader sees the whole of it or what was there before."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text so that a reader sees the whole of it or what was there before."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the whole of it or what was there before."""
    draft = path.with_name(f"{DRAFT}{os.getpid()}-{path.name}")
    draft.write_bytes(content)
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file; empty if there is none."""
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def fault_of(error: Exception) -> str:
    """Return in a line, without a full stop, why a file cannot be read."""
    if isinstance(error, OSError) and error.strerror:
        return (
            f"{Path(error.filename).name}: {error.strerror}" if error.filename else error.strerror
        )
    if isinstance(error, ValidationError):
        faults = ((".".join(map(str, each["loc"])), each["msg"]) for each in error.errors())
        return "; ".join(": ".join(filter(None, each)) for each in faults)
    return str(error).strip().partition("\n")[0].rstrip(".")
