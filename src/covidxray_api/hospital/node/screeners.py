"""The processes that screen, apart from the one that listens, notes and sends.

What one of them does keeps no peer waiting, and what ends it loses nothing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, NamedTuple, Self

from covidxray_api.decoding import Limits
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.films import KeptFilm
from covidxray_api.hospital.node.study_answer import StudyAnswer
from covidxray_api.models.store import StoredModel
from covidxray_api.serving.logs import configure_logs
from covidxray_api.settings import EngineName, Settings

if TYPE_CHECKING:
    from covidxray_api.hospital.node.answering import Answering
    from covidxray_api.screening.screener import Screener


class Loaded(NamedTuple):
    """What answers."""

    model: StoredModel
    engine: EngineName
    gate: str | None
    """Version of the learned gate, where it decides."""


class Screeners:
    """Processes that answer studies, each of them one at a time.

    Parameters
    ----------
    settings : Settings
        How they screen; there is a process for each worker and each of its threads.
    config : NodeConfig
        What is made, and for whom.
    """

    def __init__(self, settings: Settings, config: NodeConfig) -> None:
        self.number = settings.workers * settings.threads
        """How many processes there are."""
        self._given = settings, config
        # Each process is a copy of one that has loaded the libraries, and has no thread or model.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([f"{__package__}.answering"])
        self._pool = self._new_pool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let what has begun end."""
        self._pool.shutdown()

    async def load(self) -> Loaded:
        """Let all processes load the model, and return what they loaded.

        Raises
        ------
        CovidXrayError
            If it cannot be loaded.
        """
        loop = asyncio.get_running_loop()
        loading = [loop.run_in_executor(self._pool, _load) for _ in range(self.number)]
        return (await asyncio.gather(*loading))[0]

    async def answer(self, films: Sequence[KeptFilm]) -> StudyAnswer:
        """Answer a study; see `Answering.answer`.

        Raises
        ------
        BrokenProcessPool
            If a process ended, or hung, over this study or another that was being answered.
        CovidXrayError
            If an answer must not be given.
        """
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, _answer, films)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = self._new_pool()
            raise

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.number, self._context, _begin, self._given)


_given: tuple[Settings, NodeConfig]
"""In a process that screens: how."""


def _begin(settings: Settings, config: NodeConfig) -> None:
    """Begin a process that screens; it ends when the node lets it, or ends itself."""
    global _given
    _given = settings, config
    # Ctrl-C reaches all processes; the node lets this one end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_node, daemon=True).start()
    configure_logs(settings.log_level)


def _end_with_the_node() -> None:
    node = multiprocessing.parent_process()
    assert node is not None  # noqa: S101 - it has begun this one
    wait([node.sentinel])
    os._exit(1)


@cache
def _screener() -> Screener:
    from covidxray_api.screening.screener import Screener

    return Screener.from_settings(_given[0])


@cache
def _answering() -> Answering:
    from covidxray_api.hospital.node.answering import Answering
    from covidxray_api.hospital.results_store import ResultsStore

    settings, config = _given
    worklist = ResultsStore(settings.results, settings.results_hours) if settings.results else None
    limits = Limits.of(settings)
    return Answering(_screener(), config, limits, settings.deadline_s, worklist)


def _load() -> Loaded:
    from covidxray_api.hospital.structured_report import prepare

    model = _screener().models.get()
    prepare(model.stored, _given[1].language)
    _answering()
    gc.freeze()
    return Loaded(model.stored, model.engine_name, _screener().gate_version)


def _answer(films: Sequence[KeptFilm]) -> StudyAnswer:
    # From outside Python: code that never comes back holds its lock.
    faulthandler.dump_traceback_later(_given[0].hang_s, exit=True)
    try:
        return _answering().answer(films)
    finally:
        faulthandler.cancel_dump_traceback_later()
