"""The worklist: the studies whose films were screened, what is to be read first."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydicom.uid import SecondaryCaptureImageStorage

from covidxray_api.errors import UnknownResult
from covidxray_api.hospital.film import Film
from covidxray_api.hospital.results_database import ResultsDatabase
from covidxray_api.hospital.triage import Priority, priority


@dataclass(frozen=True, slots=True)
class Entry:
    """A study of the worklist."""

    study: str
    """Study Instance UID."""

    priority: Priority
    """That of its most urgent film."""

    films: int
    """Films of it that were screened."""

    received: datetime
    """When the first of them was."""

    read_at: datetime | None
    """When somebody marked it as read; none if a film has come since."""

    request_ids: tuple[str, ...]
    """Of the requests that screened its films, oldest first."""

    pictures: tuple[tuple[str, str], ...]
    """Series and SOP Instance UID of the secondary captures that are kept of it."""


class Worklist:
    """The studies of which there are results.

    Parameters
    ----------
    database : ResultsDatabase
        What is known of them.
    """

    def __init__(self, database: ResultsDatabase) -> None:
        self._database = database

    def entries(self) -> list[Entry]:
        """Return the studies: unread before read, by priority, then in the order of their arrival.

        Raises
        ------
        ResultsUnavailable
            If they cannot be read.
        """
        with self._database.transaction("DEFERRED") as connection:
            pictures: dict[str, list[tuple[str, str]]] = {}
            for study, *picture in connection.execute(
                "SELECT study, series, instance FROM result WHERE sop_class = ? ORDER BY made",
                (SecondaryCaptureImageStorage,),
            ):
                pictures.setdefault(study, []).append((picture[0], picture[1]))
            found = connection.execute(
                "SELECT study, min(priority), count(*), min(made),"
                " CASE WHEN count(read) = count(*) THEN max(read) END AS read_at,"
                " group_concat(request_id, ' ') FROM (SELECT * FROM film ORDER BY made)"
                " GROUP BY study ORDER BY read_at IS NOT NULL, min(priority), min(made)"
            )
            return [
                Entry(
                    study,
                    Priority(urgency),
                    films,
                    datetime.fromtimestamp(received, UTC),
                    None if read is None else datetime.fromtimestamp(read, UTC),
                    tuple(dict.fromkeys(requests.split())),
                    tuple(pictures.get(study, ())),
                )
                for study, urgency, films, received, read, requests in found
            ]

    def mark_read(self, study: str, when: datetime | None) -> None:
        """Mark a study as read, or with None as unread.

        Raises
        ------
        UnknownResult
            If it is not on the worklist.
        ResultsUnavailable
            If it cannot be written.
        """
        moment = when.timestamp() if when else None
        with self._database.transaction() as connection:
            marked = connection.execute("UPDATE film SET read = ? WHERE study = ?", (moment, study))
            if not marked.rowcount:
                raise UnknownResult(study=study)


def enter(
    connection: sqlite3.Connection, films: Sequence[Film], made: datetime, request_id: str
) -> None:
    """Put screened films on the worklist, in a transaction that the caller has begun.

    A study is unread again where a film is new, or has another priority than before.
    """
    connection.executemany(
        "INSERT INTO film (instance, study, priority, request_id, made)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " read = CASE WHEN priority = excluded.priority THEN read END,"
        " priority = excluded.priority, request_id = excluded.request_id",
        [
            (
                film.reference.instance,
                film.reference.study,
                priority(film.screening),
                request_id,
                made.timestamp(),
            )
            for film in films
        ],
    )
