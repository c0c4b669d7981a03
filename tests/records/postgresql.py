"""A PostgreSQL server of a test's own, on a socket in a temporary folder."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from tests.waiting import wait_until

_numbers = itertools.count()


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs; none where it is not installed."""
    asked = shutil.which("pg_config")
    if asked:
        told = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=True)
        folders = [Path(told.stdout.strip())]
    else:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, user: str) -> None:
        self._programs = programs
        self._folder = folder
        # It refuses to run as root.
        self._user = user if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.run("initdb", "--auth=trust", "--username=test", "--no-sync", f"{folder}/data")

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, user=self._user, check=True, capture_output=True, cwd=self._folder)

    def start(self) -> None:
        command = [
            str(self._programs / "postgres"), "-D", f"{self._folder}/data",
            "-k", str(self._folder), "-c", "listen_addresses=", "-c", "fsync=off",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, user=self._user, stderr=subprocess.DEVNULL, cwd=self._folder
        )
        wait_until(self._answers)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def address(self, name: str) -> str:
        return f"postgresql://test@/{name}?host={self._folder}"

    def database(self) -> str:
        """Make a database, and return its address."""
        name = f"records_{next(_numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)


@contextmanager
def running() -> Iterator[Server]:
    """Run a server until the block ends; skip the test where there is none to run."""
    programs = binaries()
    if programs is None:
        pytest.skip("needs Debian's package postgresql")
    user = "postgres" if any(it.pw_name == "postgres" for it in pwd.getpwall()) else "nobody"
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    try:
        server = Server(programs, folder, user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
