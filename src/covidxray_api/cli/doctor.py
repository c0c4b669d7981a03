"""Looks over an installation before it serves, and says what to do."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

import typer

from covidxray_api.errors import CovidXrayError, RecordsUnavailable
from covidxray_api.settings import Settings, variable
from covidxray_api.texts.problems import summary

MOUNTED_FREE = 1 << 30
"""Free bytes of a disk below which records will soon not be written."""

PROCESS_BYTES = 250 << 20
"""Memory of a process that serves, with some room."""

SLOW_S = 0.25
"""Time of one inference beyond which a machine is slow for the default model."""

INFERENCES = 10
"""Inferences that are timed; the fastest counts."""

SKEW = timedelta(seconds=5)
"""Difference between this clock and the database's that is worth a look."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found."""

    state: Literal["ok", "warning", "failed"]
    """`warning`: it works, and is worth a look; `failed`: the service would not work."""

    found: str
    """What was found."""

    todo: str = ""
    """What to do."""


def doctor() -> None:
    """Check an installation and say what to do; exit code 1 if the service would not work.

    Looks at the settings, the model store and its hashes, the gate, the site profile, the speed of
    the default model, the database, the disks, the clock, the port, and the machine.
    """
    worst = 0
    for name, outcome in examine():
        typer.echo(f"{outcome.state.upper():8} {name}: {outcome.found}")
        if outcome.todo:
            typer.echo(f"{'':8} {outcome.todo}")
        worst |= outcome.state == "failed"
    raise typer.Exit(worst)


def examine() -> Iterator[tuple[str, Outcome]]:
    """Yield the name of each check, and what it found."""
    try:
        settings = Settings.read()
    except CovidXrayError as error:
        yield "settings", _failed(error)
        return
    chosen = sorted(map(variable, settings.model_fields_set))
    yield "settings", Outcome("ok", f"set are {', '.join(chosen) or 'none'}")
    for name, check in CHECKS.items():
        try:
            outcome = check(settings)
        except CovidXrayError as error:
            outcome = _failed(error)
        except OSError as error:
            outcome = Outcome("failed", str(error))
        yield name, outcome


def _failed(error: CovidXrayError) -> Outcome:
    return Outcome("failed", summary(error, "en"))


def _access(settings: Settings) -> Outcome:
    from covidxray_api.api.server import check

    check(settings)
    if settings.open_to_all:
        return Outcome("warning", "anybody who reaches the port may use the service")
    return Outcome("ok", "callers have keys or tokens, or are on this machine")


def _store(settings: Settings) -> Outcome:
    from covidxray_api.models.store import ModelStore, StoredModel

    if not settings.model_store.is_dir():
        todo = "Let COVIDXRAY_MODEL_STORE name the folder of the stored models."
        return Outcome("failed", f"{settings.model_store} is no folder", todo)
    damaged, whole = [], 0
    for folder in ModelStore(settings.model_store).folders():
        try:
            StoredModel.read(folder).verify()
        except CovidXrayError as error:
            damaged.append(summary(error, "en"))
        else:
            whole += 1
    if damaged:
        return Outcome("warning", f"{whole} versions are whole; {' '.join(damaged)}")
    return Outcome("ok", f"{whole} versions of models, all with the hashes of their manifests")


def _model(settings: Settings) -> Outcome:
    import numpy as np

    from covidxray_api.radiograph import Radiograph
    from covidxray_api.screening.screener import Screener

    screener = Screener.from_settings(settings)
    model = screener.models.get()
    image = Radiograph(np.zeros((512, 512), np.uint8), "image/png")
    fastest = min(_timed(lambda: model.probabilities(image)) for _ in range(INFERENCES))
    manifest = model.manifest
    found = (
        f"{manifest.name} {manifest.version} ({model.engine_name}), gate {screener.gate_version},"
        f" {1000 * fastest:.0f} ms an inference"
    )
    if fastest > SLOW_S:
        todo = "Serve with COVIDXRAY_ENGINE=compiled, or on a machine with more CPU."
        return Outcome("warning", found, todo)
    return Outcome("ok", found)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _database(settings: Settings) -> Outcome:
    from covidxray_api.records.opening import open_database, open_opinions, open_secret

    database = open_database(settings)
    database.prepare()
    open_opinions(settings)
    kind = f"SQLite file {database.file}" if database.file else "PostgreSQL"
    if settings.record_screenings == "off":
        return Outcome("ok", f"{kind} can be written; screenings are not recorded")
    open_secret(settings)
    return Outcome("ok", f"{kind} can be written; screenings are recorded")


def _disks(settings: Settings) -> Outcome:
    from covidxray_api.records.opening import open_database

    file = open_database(settings).file
    places = [Path(gettempdir()), *([file.parent] if file else [])]
    there = (next(it for it in (place, *place.parents) if it.exists()) for place in places)
    free = {place: shutil.disk_usage(place).free for place in there}
    found = ", ".join(f"{place}: {left / 2**30:.1f} GB free" for place, left in free.items())
    if min(free.values()) < MOUNTED_FREE:
        return Outcome("warning", found, "Make room before records cannot be written.")
    return Outcome("ok", found)


def _clock(settings: Settings) -> Outcome:
    from covidxray_api.records.opening import open_database

    now = datetime.now(UTC)
    built = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    theirs = now
    with suppress(RecordsUnavailable):  # which the check of the database tells
        theirs = open_database(settings).now()
    todo = "Let the system keep its time, as by NTP: records and tokens rest on it."
    if now < built:
        return Outcome("failed", f"it is {now:%Y-%m-%d %H:%M} UTC, before this was installed", todo)
    if abs(now - theirs) > SKEW:
        return Outcome("warning", f"the database's clock differs by {abs(now - theirs)}", todo)
    return Outcome("ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _port(settings: Settings) -> Outcome:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            todo = "It may be the service itself: see `covidxray health`; or set COVIDXRAY_PORT."
            found = f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}"
            return Outcome("warning", found, todo)
    return Outcome("ok", f"{settings.host}:{settings.port} is free")


def _machine(settings: Settings) -> Outcome:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = f"{settings.workers} processes, {cores} cores, {memory / 2**30:.1f} GB of memory free"
    if settings.workers * settings.threads > cores:
        return Outcome("warning", found, "Set COVIDXRAY_WORKERS to one process for each core.")
    if settings.workers * PROCESS_BYTES > memory:
        return Outcome("warning", found, "Set COVIDXRAY_WORKERS to fewer processes.")
    return Outcome("ok", found)


CHECKS: dict[str, Callable[[Settings], Outcome]] = {
    "access": _access,
    "model store": _store,
    "default model": _model,
    "database": _database,
    "disks": _disks,
    "clock": _clock,
    "port": _port,
    "machine": _machine,
}
"""What is looked at, in this order."""
