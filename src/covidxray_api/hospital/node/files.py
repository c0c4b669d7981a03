"""Files of the node: on disk when they are written, and known to nobody else."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path


def write_durably(folder: Path, data: bytes) -> Path:
    """Write a file of a name of its own; when this returns, it outlives a power failure.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    path = folder / uuid.uuid4().hex
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _sync(folder)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def remove(paths: Iterable[Path]) -> None:
    """Remove files, whether they are there or not."""
    for path in paths:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Let the entry of a new file be on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
