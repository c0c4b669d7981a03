"""Files that outlive a power failure, for nobody but their owner to read."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file; its entry in the folder is on disk only after `sync`.

    Raises
    ------
    OSError
        If there is one already, or it cannot be written.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Let the entries of a folder's new files, or what was written into a file, be on disk.

    Raises
    ------
    OSError
        If they cannot be.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SharedSync:
    """Syncs of one file or folder: each is for all that was written before it began.

    Parameters
    ----------
    path : Path
        A file or folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counting, self._syncing = threading.Lock(), threading.Lock()
        # What another process has written is synced with the first wait.
        self._written, self._synced = 0, -1

    def wrote(self) -> None:
        """Note that something has been written."""
        with self._counting:
            self._written += 1

    def wait(self) -> None:
        """Return once all is on disk of which it was noted that it has been written.

        Raises
        ------
        OSError
            If it cannot be.
        """
        written = self._written
        with self._syncing:
            if self._synced >= written:
                return
            before = self._written
            sync(self._path)
            self._synced = before
