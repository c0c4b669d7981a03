"""Files of the node: on disk when they are written, and known to nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

from covidxray_api.durable import SharedSync, write_durably


class Folder:
    """A folder of files.

    Parameters
    ----------
    path : Path
        Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries = SharedSync(path)

    def keep(self, *contents: bytes) -> list[Path]:
        """Write files of names of their own; when this returns, they outlive a power failure.

        Raises
        ------
        OSError
            If one cannot be written; nothing is left behind.
        """
        paths = [self.path / uuid.uuid4().hex for _ in contents]
        try:
            for path, data in zip(paths, contents, strict=True):
                write_durably(path, data)
            self._entries.wrote()
            self._entries.wait()
        except OSError:
            remove(paths)
            raise
        return paths


def remove(paths: Iterable[Path]) -> None:
    """Remove files, whether they are there or not."""
    for path in paths:
        path.unlink(missing_ok=True)
