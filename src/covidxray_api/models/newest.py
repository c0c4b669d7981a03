"""The newest version of a network that is no classifier: the gate, or the lung finder."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact
from covidxray_api.models.artefacts import MANIFEST, Declaration, fault_of, verify, versions
from covidxray_api.models.signatures import TrustedKeys


class NetworkManifest(Declaration):
    """What such a network says of itself."""

    version: str
    """Version of the network: a whole number, counted up at each publication."""

    input_size: tuple[int, int]
    """Height and width of the network's input, in pixels."""

    training: Mapping[str, Any]
    """What it was trained on, and how."""

    files: Mapping[str, str]
    """SHA-256 of each file beside the manifest, by file name."""

    training_files: Mapping[str, str] = {}
    """SHA-256 of those that only training reads; they may be absent where the network is served."""


Manifest = TypeVar("Manifest", bound=NetworkManifest)


def read_newest(
    folder: Path, kind: type[Manifest], keys: TrustedKeys | None = None
) -> tuple[Path, Manifest] | None:
    """Read the manifest of the newest version, and verify its files.

    Parameters
    ----------
    folder : Path
        Holds a folder for each version.
    kind : type
        What the manifest is.
    keys : TrustedKeys, optional
        One of them has to have signed it.

    Returns
    -------
    tuple of Path and NetworkManifest, optional
        Folder and manifest of the version; None if there is none.

    Raises
    ------
    CorruptArtefact
        If a file is missing or differs from what was written, or the signature that is asked for
        is missing or wrong.
    """
    known = versions(folder)
    if not known:
        return None
    home = known[-1]
    try:
        content = (home / MANIFEST).read_bytes()
        manifest = kind.model_validate_json(content)
        verify(home, manifest.files, manifest.training_files)
    except (OSError, ValidationError) as error:
        raise CorruptArtefact("manifest", path=home, fault=fault_of(error)) from error
    if keys:
        keys.check(home, sha256(content).hexdigest())
    return home, manifest
