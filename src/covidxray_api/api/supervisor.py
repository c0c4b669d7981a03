"""The process that watches those that serve."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from socket import socket

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process, logger

from covidxray_api.api.beginnings import Beginnings
from covidxray_api.api.changing import DROP, FAILED, LOAD, LOADED, SWITCH, word_of
from covidxray_api.api.forked import ForkedProcess
from covidxray_api.api.replacements import Replacements

LOAD_S = 120
"""Time in which all processes load what a change of models asks for."""

LOOK_S = 0.5
"""Time between two looks at the processes; one that has ended is seen at once."""

log = structlog.get_logger()


class Supervisor(Multiprocess):
    """Keeps processes running that share a port, and frees the port before it ends them.

    They are forked, so that one is replaced in the time in which it loads its models: whatever
    they import is imported here, once.

    Parameters
    ----------
    config : Config
        uvicorn's.
    sockets : list of socket
        The port.
    folder : Path
        Where the processes leave word.
    """

    def __init__(self, config: Config, sockets: list[socket], folder: Path) -> None:
        super().__init__(config, sockets)
        self._folder = folder
        self._beginnings = Beginnings()
        self._replacements = Replacements()
        self._loading: set[int] = set()
        self._until = 0.0

    def handle_hup(self) -> None:
        """Let all processes load what is in the model store."""
        log.info("models are loaded beside those that answer")
        self._loading = self._pids()
        self._until = time.monotonic() + LOAD_S
        for process in self._loading:
            word_of(self._folder, process).unlink(missing_ok=True)
        self._tell(LOAD)

    def run(self) -> None:
        """Start the processes, and watch them until a signal says to end."""
        logger.info("Started parent process [%d]", os.getpid())
        self.init_processes()
        while not self.should_exit.is_set():
            wait([each.process.sentinel for each in self._present()], LOOK_S)
            self.handle_signals()
            self.keep_subprocess_alive()
        self.terminate_all()
        self.join_all()
        logger.info("Stopping parent process [%d]", os.getpid())

    def init_processes(self) -> None:
        """Start all processes."""
        for _ in range(self.processes_num):
            self._add()

    def handle_ttin(self) -> None:
        """Start one more."""
        self.processes_num += 1
        self._add()

    def keep_subprocess_alive(self) -> None:
        """Replace the processes that have died or do not respond; go on with a change of models."""
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if not self._replacements.is_missing(place):
                if self._beginnings.is_one(process) or process.is_alive(
                    self.config.timeout_worker_healthcheck
                ):
                    continue
                process.kill()
                process.join()
                if process.exitcode == STARTUP_FAILURE:
                    logger.error("Child process [%d] failed to start.", process.pid)
                    self.should_exit.set()
                    return
                logger.info("Child process [%d] died", process.pid)
                if pause := self._replacements.ended(place):
                    log.warning("processes end soon after they start", pause_s=pause)
            if self._replacements.is_due(place):
                self.processes[place] = self._started(place)
        if self._loading:
            self._go_on()

    def terminate_all(self) -> None:
        """Tell all processes to end, and let nobody wait at the port for one of them."""
        # As long as any process has it, the system takes connections, which nobody would answer
        # while the others finish what they have begun.
        for shared in self.sockets:
            shared.close()
        super().terminate_all()

    def _add(self) -> None:
        self.processes.append(self._started(len(self.processes)))

    def _started(self, place: int) -> ForkedProcess:
        process = ForkedProcess(self.config, self.sockets)
        process.start()
        self._replacements.started(place)
        return process

    def _go_on(self) -> None:
        """Tell all processes to switch once all have loaded, or to drop it if one could not."""
        # One that has replaced another since then has loaded what is in the store.
        self._loading &= self._pids()
        words = {self._word(process) for process in self._loading}
        if FAILED in words or time.monotonic() > self._until:
            log.error("models are not changed", processes=len(self._loading))
            self._tell(DROP)
        elif words <= {LOADED}:
            log.info("models are changed", processes=len(self._loading))
            self._tell(SWITCH)
        else:
            return
        self._loading = set()

    def _present(self) -> list[Process]:
        """Return all processes but those that have ended and wait to be replaced."""
        missing = self._replacements.is_missing
        return [each for place, each in enumerate(self.processes) if not missing(place)]

    def _pids(self) -> set[int]:
        return {each.pid for each in self._present() if each.pid}

    def _word(self, process: int) -> str | None:
        with suppress(FileNotFoundError):
            return word_of(self._folder, process).read_text(encoding="ascii")
        return None

    def _tell(self, what: signal.Signals) -> None:
        for process in self._loading:
            with suppress(ProcessLookupError):
                os.kill(process, what)
