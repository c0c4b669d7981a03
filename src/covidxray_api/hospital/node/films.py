"""The films that the node has accepted, and the studies whose turn it is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from covidxray_api.hospital.node.database import Database
from covidxray_api.hospital.node.files import Folder

MOST_TRIES = 20
"""Tries after which a film whose screening ends the process, or fails each time, is given up."""


@dataclass(frozen=True, slots=True)
class KeptFilm:
    """A film as it was accepted."""

    id: int
    instance: str
    """SOP Instance UID."""
    study: str
    """Study Instance UID."""
    calling: str
    """AE title of the system that sent it."""
    destinations: tuple[str, ...]
    path: Path
    """Its file."""
    is_new: bool
    """Whether it has not been answered yet."""


class Films:
    """The films of one node.

    Parameters
    ----------
    database : Database
        What is known of them.
    folder : Path
        Their files.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self._files = Folder(folder)
        self._database = database
        self._lock = threading.Lock()
        self._taken: set[str | None] = set()

    def knows(self, instance: str, model: str) -> bool:
        """Return whether a film has been accepted before, to be answered by the same model."""
        rows = self._database.rows("SELECT state, model FROM films WHERE instance = ?", instance)
        known = any(row["state"] == "received" or row["model"] == model for row in rows)
        if known:
            self._database.sync()
        return known

    def accept(
        self,
        data: bytes,
        instance: str,
        sop_class: str,
        study: str,
        calling: str,
        destinations: Sequence[str],
    ) -> None:
        """Keep a film; when this returns, it is on disk.

        Raises
        ------
        OSError, sqlite3.Error
            If it cannot be kept.
        """
        now = time.time()
        (path,) = self._files.keep(data)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO films (instance, sop_class, study, calling, destinations, received_at,"
                " file) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (instance) DO UPDATE SET state ="
                " 'received', tries = 0, problem = NULL, received_at = excluded.received_at, file ="
                " excluded.file, destinations = excluded.destinations",
                (instance, sop_class, study, calling, json.dumps(destinations), now, path.name),
            )

    @contextmanager
    def due_study(self, quiet_s: float) -> Iterator[str | None]:
        """Take the study that has waited longest among those that are quiet; none if none is.

        Nobody else is given it meanwhile.

        Parameters
        ----------
        quiet_s : float
            Seconds without a further film.
        """
        with self._lock:
            study = self._next_study(quiet_s)
            self._taken.add(study)
        try:
            yield study
        finally:
            with self._lock:
                self._taken.discard(study)

    def _next_study(self, quiet_s: float) -> str | None:
        taken = [study for study in self._taken if study]
        others = ",".join("?" * len(taken))
        # Tries are counted to give up a film that ends the process.
        with self._database.writing(durably=False) as connection:
            found = connection.execute(
                "SELECT study FROM films WHERE state = 'received'"  # noqa: S608  # nosec B608
                f" AND study NOT IN ({others}) GROUP BY study HAVING max(received_at) <= ?"
                " ORDER BY max(tries), min(received_at) LIMIT 1",
                (*taken, time.time() - quiet_s),
            ).fetchone()
            if found is None:
                return None
            connection.execute(
                "UPDATE films SET tries = tries + 1 WHERE study = ? AND state = 'received'",
                (found["study"],),
            )
            connection.execute(
                "UPDATE films SET state = 'failed', problem = 'internal-error', answered_at = ?"
                " WHERE study = ? AND state = 'received' AND tries > ?",
                (time.time(), found["study"], MOST_TRIES),
            )
            return str(found["study"])

    def of_study(self, study: str) -> list[KeptFilm]:
        """Return the films of a study whose files are there, those that were given up left out."""
        rows = self._database.rows(
            "SELECT * FROM films WHERE study = ? AND file IS NOT NULL"
            " AND state IN ('received', 'answered') ORDER BY id",
            study,
        )
        return [
            KeptFilm(
                row["id"],
                row["instance"],
                row["study"],
                row["calling"],
                tuple(json.loads(row["destinations"])),
                self.folder / row["file"],
                row["state"] == "received",
            )
            for row in rows
        ]

    def unreadable(self, film: KeptFilm, problem: str, model: str) -> None:
        """Note that a film cannot be read, and why."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE films SET state = 'unreadable', problem = ?, model = ?, answered_at = ?"
                " WHERE id = ?",
                (problem, model, time.time(), film.id),
            )

    def kept(self, instances: Sequence[str]) -> set[str]:
        """Return those of some SOP Instance UIDs whose films are on disk."""
        marks = ",".join("?" * len(instances))
        rows = self._database.rows(
            f"SELECT instance FROM films WHERE file IS NOT NULL AND instance IN ({marks})",  # noqa: S608  # nosec B608
            *instances,
        )
        return {row["instance"] for row in rows}

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many films there are by state and code of their problem, if any."""
        rows = self._database.rows(
            "SELECT state, coalesce(problem, '') AS problem, count(*) AS number FROM films"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {(row["state"], row["problem"]): row["number"] for row in rows}
