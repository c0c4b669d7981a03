"""Processes that serve, forked from one that has imported the application."""

from __future__ import annotations

import multiprocessing
import signal
from socket import socket

from uvicorn import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Process

FORK = multiprocessing.get_context("fork")


class ForkedProcess(Process):
    """A process that serves, without importing anything again.

    The process that it is forked from may have no threads that Python or ONNX Runtime has started,
    since they would be missing here; OpenBLAS ends its own before a fork (`pthread_atfork`).

    Parameters
    ----------
    config : Config
        uvicorn's.
    sockets : list of socket
        The port.
    """

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.process = FORK.Process(target=self._serve, args=(sockets,))  # type: ignore[assignment]

    def start(self) -> None:
        """Fork."""
        # A signal that comes before the process has taken leave of its parent's handlers waits.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        # While their end of the pipe is open here too, one that dies before it has responded is
        # waited for as if it hung.
        self.child_conn.close()

    def _serve(self, sockets: list[socket]) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self.target(sockets)
