"""Uploads of jobs, on the disk until they are screened."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from covidxray_api.durable import sync, write_durably

STRAY_S = 3600
"""Seconds after which uploads that no job names are what a crash has left."""


class Uploads:
    """A folder with a folder for each job, and in it a file for each film.

    Parameters
    ----------
    folder : Path
        The folder, which exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, job: str, number: int) -> Path:
        """Return where a film is."""
        return self._folder / job / str(number)

    def begin(self, job: str) -> None:
        """Make room for a new job.

        Raises
        ------
        OSError
            If that cannot be.
        """
        (self._folder / job).mkdir(mode=0o700)

    def keep(self, job: str, number: int, data: bytes) -> None:
        """Write a film of a new job.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        write_durably(self.path(job, number), data)

    def settle(self, job: str) -> None:
        """Let the films of a new job be there after a power failure too.

        Raises
        ------
        OSError
            If they cannot be.
        """
        for path in (self._folder / job, self._folder):
            sync(path)

    def erase(self, job: str) -> None:
        """Delete all films of a job."""
        shutil.rmtree(self._folder / job, ignore_errors=True)

    def tidy(self, jobs: Collection[str], awaited: Collection[Path]) -> None:
        """Delete what a crash has left.

        Parameters
        ----------
        jobs : collection of str
            Those that there are.
        awaited : collection of Path
            Films that are not yet screened.
        """
        for folder in self._folder.iterdir():
            # Whoever deletes the job meanwhile deletes them too.
            with suppress(FileNotFoundError):
                if folder.name in jobs:
                    for path in folder.iterdir():
                        if path not in awaited:
                            path.unlink()
                elif folder.stat().st_mtime < time.time() - STRAY_S:
                    self.erase(folder.name)
