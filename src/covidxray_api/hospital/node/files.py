"""Files of the node: on disk when they are written, and known to nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

from covidxray_api.durable import sync, write_durably


def keep(folder: Path, data: bytes) -> Path:
    """Write a file of a name of its own; when this returns, it outlives a power failure.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    path = folder / uuid.uuid4().hex
    try:
        write_durably(path, data)
        sync(folder)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def remove(paths: Iterable[Path]) -> None:
    """Remove files, whether they are there or not."""
    for path in paths:
        path.unlink(missing_ok=True)
