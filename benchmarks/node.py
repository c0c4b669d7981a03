"""The DICOM node: how fast it is beside `/predict`, and a storm of kills.

`python -m benchmarks.node speed` and `python -m benchmarks.node storm` write their parts of
docs/pacs.md. The first needs dcmtk's `storescu` and `storescp`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import psutil
import typer
from pydicom.uid import generate_uid
from tests.dicom_files import dicom
from tests.hospital.nodes import COVIDXRAY
from tests.hospital.nodes import running as running_node
from tests.hospital.storm import EXAMPLES, NAMES, rage

from benchmarks.load import Client, _form
from benchmarks.processes import Service, cpu_seconds, free_port, running
from benchmarks.sections import rewrite

CLIENTS = 8
"""Associations, and connections."""

SIZES: Mapping[str, tuple[int, int, str]] = {
    "1024² of 8 bits": (1024, 1024, "uint8"),
    "3000 × 2500 of 12 bits": (3000, 2500, "uint16"),
}
"""Rows, columns and type of the pixels of a film, by the name of its kind."""

PAGE = Path(__file__).parents[1] / "docs" / "pacs.md"

app = typer.Typer()


def films(kind: str, number: int) -> list[bytes]:
    """Return films of a kind, each of a study of its own."""
    rows, columns, kept = SIZES[kind]
    pictures = []
    for name in NAMES:
        picture = cv2.imread(str(EXAMPLES / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        grown = cv2.resize(np.asarray(picture), (columns, rows), interpolation=cv2.INTER_CUBIC)
        pictures.append(grown.astype(kept) * (16 if kept == "uint16" else 1))
    made = []
    for n in range(number):
        facts: dict[str, Any] = {
            f"{level}InstanceUID": generate_uid() for level in ("Study", "Series", "SOP")
        }
        if kept == "uint16":
            facts |= {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
        made.append(dicom(pictures[n % len(pictures)], **facts))
    return made


@dataclass(frozen=True)
class ByPredict:
    """How fast `/predict` is."""

    answered_per_second: float
    cpu_ms: float
    """CPU time of the service for a film."""


@dataclass(frozen=True)
class ByNode:
    """How fast the node is."""

    stored_per_second: float
    answered_per_second: float
    """Films whose results have arrived."""

    cpu_ms: float
    """CPU time of the node for a film."""


def by_predict(sent: Sequence[bytes]) -> ByPredict:
    """Return how fast `/predict` is, with a process for each core."""
    port = free_port()
    command = [str(COVIDXRAY), "serve", "--port", str(port)]
    requests = [_form("/predict", film) for film in sent]

    async def ask(service: Service) -> ByPredict:
        clients = [Client(port, requests) for _ in range(CLIENTS)]
        for client in clients:  # what is loaded lazily is loaded
            assert (await client.ask(0))[0] == 200
        begun, before = time.perf_counter(), service.cpu_seconds()

        async def share(client: Client, first: int) -> None:
            for number in range(first, len(requests), CLIENTS):
                assert (await client.ask(number))[0] == 200

        await asyncio.gather(*(share(client, n) for n, client in enumerate(clients)))
        rate = len(requests) / (time.perf_counter() - begun)
        return ByPredict(rate, (service.cpu_seconds() - before) / len(requests) * 1e3)

    with running([*command, "--workers", str(psutil.cpu_count() or 1)], port) as service:
        return asyncio.run(ask(service))


@contextmanager
def archive() -> Iterator[int]:
    """Run dcmtk's archive, which forgets what it is sent, and yield its port."""
    port = free_port()
    command = [_tool("storescp"), "--ignore", "--fork", "-aet", "PACS", str(port)]
    process = subprocess.Popen(command)  # noqa: S603
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def by_node(sent: Sequence[bytes], results: Sequence[str]) -> ByNode:
    """Return how fast the node is, until all results are delivered.

    The first film goes ahead, so that what is loaded lazily is loaded.
    """
    first, *timed = sent
    with TemporaryDirectory() as folder, archive() as pacs:
        top = Path(folder)
        destination: dict[str, Any] = {"name": "pacs", "kind": "dimse", "ae_title": "PACS"}
        for number, film in enumerate(timed):
            part = top / f"part{number % CLIENTS}"
            part.mkdir(exist_ok=True)
            (part / f"{number}.dcm").write_bytes(film)
        destination |= {"host": "127.0.0.1", "port": pacs, "results": list(results)}
        with running_node(top, destinations=[destination]) as node:

            def wait_for(films: int) -> None:
                while node.results().get(("pacs", "sent"), 0) < films * len(results):
                    time.sleep(0.1)

            assert node.store(first) == [0]
            wait_for(1)
            port = str(node.port)
            process = psutil.Process(node.process.pid)
            begun, before = time.perf_counter(), cpu_seconds(process)
            sending = [
                subprocess.Popen(  # noqa: S603
                    [_tool("storescu"), "-aec", "COVIDXRAY", "+sd", "127.0.0.1", port, str(part)]
                )
                for part in top.glob("part*")
            ]
            assert {each.wait() for each in sending} == {0}
            stored = time.perf_counter() - begun
            wait_for(len(sent))
            answered = time.perf_counter() - begun
            spent = cpu_seconds(process) - before
            node.stop()
    number = len(timed)
    return ByNode(number / stored, number / answered, spent / number * 1e3)


def _tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found


@app.command()
def speed(number: int = 100) -> None:
    """Compare, in one run, the rate of the node with that of `/predict`, by kind of film."""
    begun, rows = psutil.getloadavg()[0], ""
    for kind in SIZES:
        sent = films(kind, number + 1)
        predict = by_predict(sent)
        node = by_node(sent, ["structured_report"])
        rows += (
            f"| {kind} | {predict.answered_per_second:.1f} | {node.stored_per_second:.1f}"
            f" | {node.answered_per_second:.1f}"
            f" | {node.answered_per_second / predict.answered_per_second * 100:.0f} %"
            f" | {predict.cpu_ms:.0f} | {node.cpu_ms:.0f} |\n"
        )
    write(
        "speed",
        f"On {date.today().isoformat()}, with {number} films of each kind on {psutil.cpu_count()}"
        f" cores, which senders and archive share (load average before it: {begun:.1f}). The target"
        " is 70 % of `/predict`.\n\n"
        "| film, uncompressed | `/predict`, films/s | stored, films/s | results"
        " at the PACS, films/s | of `/predict` | CPU ms a film, service | CPU ms a film, node |\n"
        f"|---|---|---|---|---|---|---|\n{rows}",
    )


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def write(part: str, text: str) -> None:
    """Write a part of the page, and print it."""
    rewrite(PAGE, part, text)
    typer.echo(text)


@app.command()
def storm(
    number: int = 1000, associations: int = CLIENTS, kills: int = 10, most_s: float = 540.0
) -> None:
    """Store films while the node is killed again and again; exit code 1 if anything is lost.

    It says on standard error how far it is, and fails after `most_s` seconds.
    """
    with TemporaryDirectory() as folder:
        came = rage(
            Path(folder),
            number,
            associations,
            kills,
            most_s,
            lambda told: typer.echo(told, err=True),
        )
    typer.echo(json.dumps(asdict(came), indent=1))
    arrivals = ", ".join(f"{n:,} arrived {_times(number)}" for number, n in came.arrived.items())
    write(
        "storm",
        f"On {date.today().isoformat()}, {came.films:,} films were stored on {associations}"
        f" associations while the node was killed {came.kills} times: {came.answered:,} results"
        f" were there after {came.seconds:.0f} s. Of them {arrivals}; {came.different} differed"
        f" from one that had come before, and {came.waiting} were left unsent.\n",
    )
    if came.answered != number or came.different or came.waiting:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
