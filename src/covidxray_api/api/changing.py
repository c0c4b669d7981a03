"""Signals by which a service changes its models: each process loads, and all switch together.

SIGHUP asks for it. Each process then loads what is in the store and leaves word; the one that
watches them tells all to switch (SIGUSR1) once all have, or to drop it (SIGUSR2) if one could not.
A process alone switches by itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covidxray_api.serving.change import ModelChange

LOAD, SWITCH, DROP = signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2

LOADED, FAILED = "loaded", "failed"
"""What the word says."""


def word_of(folder: Path, process: int) -> Path:
    """Return the file in which a process leaves word of what it has loaded."""
    return folder / f"models-{process}"


class Listening:
    """A process that does what the signals say.

    Parameters
    ----------
    change : ModelChange
        Does it.
    folder : Path
        Where word is left.
    alone : bool
        Whether nobody will tell this process to switch.
    """

    def __init__(self, change: ModelChange, folder: Path, alone: bool) -> None:
        self._change = change
        self._folder = folder
        self._alone = alone
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Listen, in the event loop that runs."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(LOAD, self._start)
        loop.add_signal_handler(SWITCH, self._change.switch)
        loop.add_signal_handler(DROP, self._change.drop)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._load())

    async def _load(self) -> None:
        loaded = await self._change.load()
        if self._alone:
            self._change.switch()
        else:
            word_of(self._folder, os.getpid()).write_text(LOADED if loaded else FAILED)
