"""The records that the settings describe."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.database import Database
from covidxray_api.records.opinions import Opinions
from covidxray_api.records.screenings import Screenings
from covidxray_api.records.secret import Secret
from covidxray_api.records.writer import Writer
from covidxray_api.serving.metrics import Metrics
from covidxray_api.settings import Settings


def open_database(settings: Settings) -> Database:
    """Return the database."""
    return _database(settings.records)


@cache
def _database(place: Path | str) -> Database:
    return Database(place)


def open_opinions(settings: Settings) -> Opinions:
    """Return clinicians' opinions, which are chained wherever there is a secret.

    Raises
    ------
    RecordsUnavailable
        See `open_secret`.
    """
    database = open_database(settings)
    may = settings.records_key is not None or database.file is not None
    return Opinions(database, open_secret(settings) if may else None)


def open_secret(settings: Settings) -> Secret:
    """Return the secret, which is made where there is none.

    Raises
    ------
    RecordsUnavailable
        If there is none and none can be made.
    """
    path = settings.records_key
    if path is None:
        file = open_database(settings).file
        if file is None:
            raise RecordsUnavailable("key", fault="it is needed with PostgreSQL")
        path = file.with_suffix(".key")
    return Secret.load(path)


def open_screenings(settings: Settings) -> Screenings:
    """Return the record of screenings.

    Raises
    ------
    RecordsUnavailable
        See `open_secret`.
    """
    return Screenings(open_database(settings), open_secret(settings))


def open_writer(settings: Settings, metrics: Metrics) -> Writer:
    """Return what records screenings.

    Raises
    ------
    RecordsUnavailable
        See `open_secret`.
    """
    return Writer(
        open_screenings(settings),
        open_secret(settings),
        metrics,
        required=settings.record_screenings == "required",
        retention_days=settings.retention_days,
    )
