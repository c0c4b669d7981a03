"""Which version of a model answers where none is named.

`<name>/promoted`, beside the versions, names those that were promoted, one a line, the latest last:
that one answers. Without the file, the newest does. It is replaced as a whole by a rename, so that
who reads it sees the promotion or what was there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covidxray_api.errors import CorruptArtefact
from covidxray_api.models.artefacts import fault_of, write_text

PROMOTED = "promoted"
"""Name of the file."""


def promoted(folder: Path) -> list[str]:
    """Return the versions that were promoted, the latest last; none where none ever was.

    Parameters
    ----------
    folder : Path
        Of the model; holds a folder for each version.

    Raises
    ------
    CorruptArtefact
        If the file cannot be read.
    """
    path = folder / PROMOTED
    try:
        return path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CorruptArtefact("manifest", path=path, fault=fault_of(error)) from error


def write_promoted(folder: Path, versions: Sequence[str]) -> None:
    """Write which versions were promoted, the latest last.

    Raises
    ------
    CorruptArtefact
        If it cannot be written.
    """
    path = folder / PROMOTED
    try:
        write_text(path, "".join(f"{version}\n" for version in versions))
    except OSError as error:
        raise CorruptArtefact("not_written", path=path, fault=fault_of(error)) from error
