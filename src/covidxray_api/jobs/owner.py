"""Which process works on a film, and whether it lives."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Self
from uuid import uuid4


class Owner:
    """A process, by a file that it keeps locked (flock(2)) until it ends, whatever ends it.

    Parameters
    ----------
    path : Path
        The file; it is made.

    Raises
    ------
    OSError
        If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._file = path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @classmethod
    def among(cls, folder: Path) -> Self:
        """Become one more owner in a folder."""
        return cls(folder / uuid4().hex)

    def leave(self) -> None:
        """Work on no more jobs."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def is_alive(folder: Path, name: str) -> bool:
    """Return whether a process works on jobs; the file of one that does not any more is removed."""
    path = folder / name
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
