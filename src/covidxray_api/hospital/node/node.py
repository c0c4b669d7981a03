"""The DICOM node: films come in, studies are answered, results go out; nothing is lost between."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import structlog
from prometheus_client import start_http_server

from covidxray_api.decoding import Limits
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.hospital.node.calling import requestor
from covidxray_api.hospital.node.commitment import report_commitments
from covidxray_api.hospital.node.config import NodeConfig
from covidxray_api.hospital.node.door import Door, check
from covidxray_api.hospital.node.ledger import Ledger
from covidxray_api.hospital.node.metrics import NodeMetrics
from covidxray_api.hospital.node.noting import Noting
from covidxray_api.hospital.node.outbox import Outbox
from covidxray_api.hospital.node.screeners import Screeners
from covidxray_api.hospital.node.senders import sender_of
from covidxray_api.hospital.node.sending import Courier
from covidxray_api.serving.logs import log_failure
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Observer
from covidxray_api.serving.watchdog import Watchdog
from covidxray_api.settings import Settings

LOOK_S = 0.1
"""Time between two looks for studies that are quiet."""

KEEP_HOUSE_S = 1.0
"""Time between two rounds of what is done beside."""

log = structlog.get_logger()


class Node:
    """A DICOM node.

    Parameters
    ----------
    settings : Settings
        How it screens.
    config : NodeConfig
        Who may call, and where results go.
    """

    def __init__(self, settings: Settings, config: NodeConfig) -> None:
        self._settings = settings
        self._config = config
        self._limits = Limits.of(settings)
        self._leaving = threading.Event()

    def run(self) -> None:
        """Serve until the process is told to end.

        Raises
        ------
        InvalidConfiguration
            If the node cannot be set up in this way.
        CovidXrayError
            If the models cannot be loaded.
        """
        check(self._config)
        asyncio.run(self._run())

    async def _run(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with AsyncExitStack() as stack:
            folder = self._config.folder.expanduser()
            ledger = stack.enter_context(Ledger(folder))
            stack.enter_context(_alone(folder))
            screeners = stack.enter_context(Screeners(self._settings, self._config))
            stack.enter_context(Watchdog(self._settings.hang_s).watching(loop))
            ledger.sweep()
            metrics = Metrics()
            noted = NodeMetrics(metrics.registry)
            observers = stack.enter_context(_records(self._settings, metrics))
            loaded = await screeners.load()
            metrics.ready(*loaded)
            model, manifest = loaded.model.sha256, loaded.model.manifest
            log.info("ready", model=manifest.name, version=manifest.version)
            couriers = self._couriers(ledger.outbox, noted)
            door = Door(
                self._config, ledger, model, self._limits, self._settings.max_body_bytes, noted
            )
            # pynetdicom has all that there is searched for garbage every few seconds.
            gc.freeze()
            entrance = ExitStack()
            port = entrance.enter_context(door.listening())
            if self._config.metrics_port is not None:
                _publish(metrics, self._config.metrics_port)
            for courier in couriers:
                courier.start()
            keeper = threading.Thread(target=self._keep_house, args=(ledger, noted), name="keeper")
            keeper.start()
            log.info("listening", host=self._config.host, port=port, title=self._config.ae_title)
            noting = Noting(ledger, model, [*observers, metrics])
            # One more than there are processes, as one of them waits for the disk.
            screening = [
                asyncio.create_task(self._screen(screeners, ledger, noting, metrics))
                for _ in range(screeners.number + 1)
            ]
            await stop.wait()
            # First nothing more comes in; then what has begun ends.
            await asyncio.to_thread(entrance.close)
            self._leaving.set()
            for courier in couriers:
                courier.stopping.set()
            await asyncio.gather(*screening)
            for thread in (*couriers, keeper):
                await asyncio.to_thread(thread.join)
            log.info("stopped")

    def _couriers(self, outbox: Outbox, metrics: NodeMetrics) -> list[Courier]:
        config = self._config
        return [
            Courier(
                destination.name,
                (number, destination.connections),
                sender_of(destination, config),
                outbox,
                metrics,
                config.retry_most_s,
                config.give_up_s,
            )
            for destination in config.destinations
            for number in range(destination.connections)
        ]

    async def _screen(
        self, screeners: Screeners, ledger: Ledger, noting: Noting, metrics: Metrics
    ) -> None:
        """Answer one quiet study after the other."""
        while not self._leaving.is_set():
            with ledger.films.due_study(self._config.quiet_s) as study:
                if study is None:
                    await asyncio.sleep(LOOK_S)
                    continue
                begun = time.perf_counter()
                try:
                    if films := ledger.films.of_study(study):
                        await asyncio.to_thread(noting.note, await screeners.answer(films))
                        metrics.took("total", time.perf_counter() - begun)
                except Exception as error:
                    # It is tried again, after the others.
                    log_failure(log, "study not answered", error)
                    await asyncio.sleep(LOOK_S)

    def _keep_house(self, ledger: Ledger, metrics: NodeMetrics) -> None:
        """Drop and forget what is not needed any more, count the rest, report commitments."""
        keep = self._config.keep_films
        ae = requestor(self._config)
        ae.add_requested_context("1.2.840.10008.1.20.1")
        while not self._leaving.wait(KEEP_HOUSE_S):
            try:
                ledger.drop(None if keep == "always" else float(keep))
                ledger.forget(self._config.remember_s)
                metrics.noted(ledger.films.counts(), ledger.outbox.counts())
                report_commitments(ledger.promises, self._config, ae)
            except Exception as error:
                log_failure(log, "housekeeping failed", error)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other node work in a folder.

    Raises
    ------
    InvalidConfiguration
        If one does.
    """
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InvalidConfiguration("node_runs", path=folder) from error
    finally:
        os.close(descriptor)


@contextmanager
def _records(settings: Settings, metrics: Metrics) -> Iterator[list[Observer]]:
    """Record screenings, if the settings say so."""
    if settings.record_screenings == "off":
        yield []
        return
    from covidxray_api.records.opening import open_writer

    writer = open_writer(settings, metrics)
    with writer.running():
        yield [writer]


def _publish(metrics: Metrics, port: int) -> None:
    """Let Prometheus read the metrics, on this machine."""
    try:
        start_http_server(port, "127.0.0.1", metrics.registry)
    except OSError as error:
        raise InvalidConfiguration(
            "node_port", host="127.0.0.1", port=port, fault=error.strerror or str(error)
        ) from error
