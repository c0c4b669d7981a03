"""Processes that are forked from one that has imported the application."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from socket import socket

import pytest
from uvicorn import Config

from covidxray_api.api.forked import ForkedProcess


class Sleeper(ForkedProcess):
    """Serves nobody, and does not end by itself."""

    def target(self, sockets: list[socket] | None = None) -> None:
        time.sleep(600)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_right_after_the_start_is_not_lost(told: signal.Signals) -> None:
    before = signal.signal(told, lambda *_: None)
    try:
        process = Sleeper(Config("nobody:asks"), [])
        process.start()
        assert process.pid
        os.kill(process.pid, told)
        process.process.join(60)
    finally:
        signal.signal(told, before)

    assert process.exitcode == -told


def test_a_process_that_ends_closes_its_pipe() -> None:
    process = Sleeper(Config("nobody:asks"), [])
    process.start()
    process.process.kill()
    process.process.join()

    with pytest.raises(EOFError):
        process.parent_conn.recv()


def test_what_is_imported_before_the_fork_starts_no_thread() -> None:
    code = (
        "import os; from covidxray_api.api.server import RECORDING, SERVING, preload;"
        "preload(*SERVING, RECORDING);"
        "print(len(os.listdir('/proc/self/task')))"
    )
    # OpenBLAS has threads of its own, which it ends before a fork.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert told.stdout == "1\n"
