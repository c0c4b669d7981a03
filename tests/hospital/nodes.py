"""Nodes under test, and the archives that they send results to: on free ports, over sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification
from tests.waiting import wait_until

from covidxray_api.hospital.node.calling import hang_up
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.ledger import Ledger

COVIDXRAY = Path(sys.executable).parent / "covidxray"

SUCCESS = 0x0000


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def reachable(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0


def toml(values: dict[str, Any], table: str = "") -> str:
    """Return values as TOML: scalars and lists first, then tables and lists of tables."""
    rows, tables = [], []
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            tables += [f"[[{table}{key}]]\n{toml(each)}" for each in value]
        else:
            rows.append(f"{key} = {json.dumps(value)}\n")
    return "".join([*rows, *tables])


@dataclass
class Node:
    """A node that runs."""

    process: subprocess.Popen[str]
    config: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    """What it has logged."""

    @property
    def port(self) -> int:
        """Port that it listens on."""
        found = wait_until(lambda: self.logged("listening") or self.process.poll() is not None)
        assert isinstance(found, list), "The node did not start."
        port: int = found[0]["port"]
        return port

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of an event."""
        return [line for line in list(self.lines) if line.get("event") == event]

    def read(self) -> None:
        """Take what is logged, until the end."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(json.loads(line) if line.startswith("{") else {"said": line})

    def store(
        self, *films: bytes, calling: str = "MODALITY", called: str = "COVIDXRAY"
    ) -> list[int]:
        """Send films on one association, and return their statuses."""
        return store(self.port, *films, calling=calling, called=called)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Let it end."""
        self.process.terminate()
        return self.process.wait()

    def status(self) -> subprocess.CompletedProcess[str]:
        """Ask how it is, at a shell."""
        return command("status", "--config", str(self.config))

    def films(self) -> dict[tuple[str, str], int]:
        """Return how many films it has, by state and problem."""
        with Ledger(NodeConfig.read(self.config).folder) as ledger:
            return ledger.films.counts()

    def results(self) -> dict[tuple[str, str], int]:
        """Return how many results it has, by destination and state."""
        with Ledger(NodeConfig.read(self.config).folder) as ledger:
            return ledger.outbox.counts()


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the node."""
    return subprocess.run(
        [str(COVIDXRAY), "node", *words], capture_output=True, text=True, check=False
    )


@contextmanager
def running(folder: Path, **config: Any) -> Iterator[Node]:
    """Run a node that keeps its things in a folder; quick, unless told otherwise."""
    config = {"folder": str(folder / "node"), "port": 0, "quiet_s": 0, **config}
    file = folder / "node.toml"
    file.write_text(toml(config), encoding="utf-8")
    process = subprocess.Popen(
        [str(COVIDXRAY), "node", "--config", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COVIDXRAY_LOG_LEVEL": "debug"},
    )
    node = Node(process, file)
    reader = threading.Thread(target=node.read)
    reader.start()
    try:
        yield node
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout and process.stdout.close()


def store(
    port: int,
    *films: bytes,
    calling: str = "MODALITY",
    called: str = "COVIDXRAY",
    **options: Any,
) -> list[int]:
    """Send films on one association, and return their statuses; none if there is no association."""
    datasets = [dcmread(BytesIO(film), force=True) for film in films]
    ae = AE(calling)
    for each in datasets:
        syntax = each.file_meta.TransferSyntaxUID
        if not any(
            context.abstract_syntax == each.SOPClassUID and syntax in context.transfer_syntax
            for context in ae.requested_contexts
        ):
            ae.add_requested_context(each.SOPClassUID, syntax)
    association = ae.associate("127.0.0.1", port, ae_title=called, **options)
    if not association.is_established:
        hang_up(association)
        return []
    try:
        return [association.send_c_store(each).get("Status", -1) for each in datasets]
    finally:
        association.release()


def echo(port: int, calling: str = "MODALITY", called: str = "COVIDXRAY") -> bool:
    """Return whether a node answers to C-ECHO."""
    ae = AE(calling)
    ae.add_requested_context(Verification)
    association = ae.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        hang_up(association)
        return False
    try:
        return bool(association.send_c_echo().Status == SUCCESS)
    finally:
        association.release()


@dataclass
class Archive:
    """A PACS: it keeps what it is sent, and answers what it is told to."""

    stored: list[bytes] = field(default_factory=list)
    answer: Callable[[], int] = lambda: SUCCESS
    port: int = 0
    syntaxes: Sequence[str] = ()
    """The only transfer syntaxes that it accepts; those of pynetdicom if there are none."""

    def _store(self, event: evt.Event) -> int:
        status = self.answer()
        if status == SUCCESS:
            self.stored.append(event.encoded_dataset())
        return status

    @contextmanager
    def listening(self, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Archive]:
        """Listen until the end."""
        ae = AE("PACS")
        for each in AllStoragePresentationContexts:
            ae.add_supported_context(
                each.abstract_syntax, list(self.syntaxes) or each.transfer_syntax
            )
        server = ae.start_server(
            ("127.0.0.1", port),
            block=False,
            ssl_context=tls,
            evt_handlers=[(evt.EVT_C_STORE, self._store)],
        )
        self.port = server.server_address[1]
        try:
            yield self
        finally:
            server.shutdown()

    def destination(self, **options: Any) -> dict[str, Any]:
        """Return the entry of a node's configuration."""
        entry = {"name": "pacs", "kind": "dimse", "ae_title": "PACS", "host": "127.0.0.1"}
        return {**entry, "port": self.port, "results": ["structured_report"], **options}

    def results(self, number: int) -> list[Dataset]:
        """Wait for results, and return them."""
        wait_until(lambda: len(self.stored) >= number)
        return [dcmread(BytesIO(each)) for each in self.stored]


def said(report: Dataset) -> str:
    """Return all texts of a structured report."""
    return "\n".join(str(each.value) for each in report.iterall() if each.keyword == "TextValue")
