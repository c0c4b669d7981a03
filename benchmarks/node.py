"""The DICOM node: how fast it is beside `/predict`, and a storm of kills.

`python -m benchmarks.node speed` and `python -m benchmarks.node storm` print their figures as JSON.
The first needs dcmtk's `storescu` and `storescp`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
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
from benchmarks.processes import free_port, running

CLIENTS = 8
"""Associations, and connections."""

SIZES: Mapping[str, tuple[int, int, str]] = {
    "1024² of 8 bits": (1024, 1024, "uint8"),
    "3000 × 2500 of 12 bits": (3000, 2500, "uint16"),
}
"""Rows, columns and type of the pixels of a film, by the name of its kind."""

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


def by_predict(sent: Sequence[bytes]) -> float:
    """Return how many films a second `/predict` answers, with a process for each core."""
    port = free_port()
    command = [str(COVIDXRAY), "serve", "--port", str(port)]
    requests = [_form("/predict", film) for film in sent]

    async def ask() -> float:
        clients = [Client(port, requests) for _ in range(CLIENTS)]
        for client in clients:  # what is loaded lazily is loaded
            assert (await client.ask(0))[0] == 200
        begun = time.perf_counter()

        async def share(client: Client, first: int) -> None:
            for number in range(first, len(requests), CLIENTS):
                assert (await client.ask(number))[0] == 200

        await asyncio.gather(*(share(client, n) for n, client in enumerate(clients)))
        return len(requests) / (time.perf_counter() - begun)

    with running([*command, "--workers", str(psutil.cpu_count() or 1)], port):
        return asyncio.run(ask())


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


def by_node(sent: Sequence[bytes], results: Sequence[str]) -> dict[str, float]:
    """Return how many films a second the node stores, and answers, with all results delivered.

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
            begun = time.perf_counter()
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
            node.stop()
    rate = len(timed)
    return {"stored_per_second": rate / stored, "answered_per_second": rate / answered}


def _tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found


@app.command()
def speed(number: int = 100) -> None:
    """Compare, in one run, the rate of the node with that of `/predict`, by kind of film."""
    found: dict[str, Any] = {}
    for kind in SIZES:
        sent = films(kind, number + 1)
        predict = by_predict(sent)
        node = by_node(sent, ["structured_report"])
        share = node["answered_per_second"] / predict
        found[kind] = {"predict_per_second": predict, **node, "share": share}
    typer.echo(json.dumps({kind: _rounded(rates) for kind, rates in found.items()}, indent=1))


def _rounded(rates: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{rate:.3g}") for name, rate in rates.items()}


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
    if came.answered != number or came.different or came.waiting:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
