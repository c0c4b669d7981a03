"""The ledger of the node: each film that it has accepted, each result, each sending. SQLite, WAL.

Nothing is acknowledged before it stands here and on disk; what stands here is done, however often
the node has to start. A study's results are made, written and noted in one transaction, and the
same bytes are sent until they are acknowledged: no two results of the same can ever leave.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from covidxray_api.hospital.node.files import remove, write_durably

BUSY_S = 10.0
"""Seconds for which one process waits for another that writes."""

MOST_TRIES = 20
"""Tries after which a film whose screening ends the process, or fails each time, is given up."""

_TABLES = """
CREATE TABLE IF NOT EXISTS films (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL UNIQUE,
    sop_class TEXT NOT NULL,
    study TEXT NOT NULL,
    calling TEXT NOT NULL,
    destinations TEXT NOT NULL,
    received_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'received',
    tries INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    file TEXT,
    model TEXT,
    answered_at REAL
);
CREATE INDEX IF NOT EXISTS films_by_study ON films (study);
CREATE INDEX IF NOT EXISTS films_by_state ON films (state);
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    kind TEXT NOT NULL,
    file TEXT,
    made_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS results_by_study ON results (study);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    result INTEGER NOT NULL REFERENCES results,
    destination TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    fault TEXT,
    UNIQUE (result, destination)
);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, destination, due_at);
CREATE TABLE IF NOT EXISTS commitments (
    id INTEGER PRIMARY KEY,
    peer TEXT NOT NULL,
    report TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL
);
"""

FilmState = Literal["received", "answered", "unreadable", "failed"]
"""Waits; is answered; cannot be read, whence no answer; or was given up."""


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


@dataclass(frozen=True, slots=True)
class Made:
    """A result that is to be sent."""

    uid: str
    """SOP Instance UID, or the identifier of a FHIR bundle."""
    kind: str
    content: bytes
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A result on its way to a destination."""

    id: int
    destination: str
    uid: str
    kind: str
    path: Path
    tries: int
    """Tries before this one."""
    made_at: float
    """When the result was made, in seconds since 1970."""


class Ledger:
    """The films and results of one node.

    Parameters
    ----------
    folder : Path
        Folder of the node; made where there is none, for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        self.films = folder / "films"
        self.results = folder / "results"
        for each in (folder, self.films, self.results):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "node.sqlite"
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._taken: set[str | None] = set()
        self._connection = sqlite3.connect(
            file, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A commit is on disk when it returns, also where the power fails.
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def sweep(self) -> None:
        """Remove the files that the ledger does not know: their writing was never acknowledged."""
        for folder, table in ((self.films, "films"), (self.results, "results")):
            rows = self._rows(f"SELECT file FROM {table} WHERE file IS NOT NULL")  # noqa: S608
            known = {row["file"] for row in rows}
            remove(path for path in folder.iterdir() if path.name not in known)

    # Films.

    def knows(self, instance: str, model: str) -> bool:
        """Return whether a film has been accepted before, to be answered by the same model."""
        rows = self._rows("SELECT state, model FROM films WHERE instance = ?", instance)
        return any(row["state"] == "received" or row["model"] == model for row in rows)

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
        path = write_durably(self.films, data)
        with self._writing() as connection:
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
        with self._writing() as connection:
            found = connection.execute(
                "SELECT study FROM films WHERE state = 'received'"  # noqa: S608
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

    def films_of(self, study: str) -> list[KeptFilm]:
        """Return the films of a study whose files are there, those that were given up left out."""
        rows = self._rows(
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
                self.films / row["file"],
                row["state"] == "received",
            )
            for row in rows
        ]

    def unreadable(self, film: KeptFilm, problem: str, model: str) -> None:
        """Note that a film cannot be read, and why."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE films SET state = 'unreadable', problem = ?, model = ?, answered_at = ?"
                " WHERE id = ?",
                (problem, model, time.time(), film.id),
            )

    def answer(self, films: Sequence[KeptFilm], model: str, made: Sequence[Made]) -> None:
        """Note the results of some films of a study, all or none, to be sent.

        Parameters
        ----------
        films : sequence of KeptFilm
            What was answered.
        model : str
            SHA-256 of the model that answered.
        made : sequence of Made
            What is to be sent; one that is known by its UID stays as it was made first.
        """
        now = time.time()
        paths = [write_durably(self.results, result.content) for result in made]
        known = []
        with self._writing() as connection:
            for result, path in zip(made, paths, strict=True):
                added = connection.execute(
                    "INSERT INTO results (uid, study, kind, file, made_at) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (uid) DO NOTHING RETURNING id",
                    (result.uid, films[0].study, result.kind, path.name, now),
                ).fetchone()
                if added is None:
                    known.append(path)
                    continue
                connection.executemany(
                    "INSERT INTO deliveries (result, destination, due_at) VALUES (?, ?, ?)",
                    [(added["id"], destination, now) for destination in result.destinations],
                )
            connection.executemany(
                "UPDATE films SET state = 'answered', model = ?, answered_at = ? WHERE id = ?",
                [(model, now, film.id) for film in films],
            )
        remove(known)

    def drop(self, keep_films_s: float | None) -> None:
        """Remove the files of results that are acknowledged, and of their films.

        Parameters
        ----------
        keep_films_s : float, optional
            Seconds for which films are kept thereafter; always if none.
        """
        pending = (
            "SELECT results.study FROM results JOIN deliveries ON deliveries.result = results.id"
            " WHERE deliveries.state != 'sent'"
        )
        with self._writing() as connection:
            results = connection.execute(
                "SELECT id, file FROM results WHERE file IS NOT NULL AND NOT EXISTS (SELECT 1"
                " FROM deliveries WHERE result = results.id AND state != 'sent')"
            ).fetchall()
            connection.executemany(
                "UPDATE results SET file = NULL WHERE id = ?", [(row["id"],) for row in results]
            )
            films: list[sqlite3.Row] = []
            if keep_films_s is not None:
                films = connection.execute(
                    "SELECT id, file FROM films WHERE file IS NOT NULL AND state IN ('answered',"  # noqa: S608
                    f" 'unreadable') AND answered_at <= ? AND study NOT IN ({pending})",
                    (time.time() - keep_films_s,),
                ).fetchall()
                connection.executemany(
                    "UPDATE films SET file = NULL WHERE id = ?", [(row["id"],) for row in films]
                )
        remove(self.films / row["file"] for row in films)
        remove(self.results / row["file"] for row in results)

    def kept(self, instances: Sequence[str]) -> set[str]:
        """Return those of some SOP Instance UIDs whose films are on disk."""
        marks = ",".join("?" * len(instances))
        rows = self._rows(
            f"SELECT instance FROM films WHERE file IS NOT NULL AND instance IN ({marks})",  # noqa: S608
            *instances,
        )
        return {row["instance"] for row in rows}

    # Sendings.

    def due(self, destination: str, most: int) -> list[Delivery]:
        """Return the results that are to be sent to a destination now, the oldest first."""
        rows = self._rows(
            "SELECT deliveries.*, results.uid, results.kind, results.file, results.made_at"
            " FROM deliveries JOIN results ON results.id = deliveries.result"
            " WHERE state = 'waiting' AND destination = ? AND due_at <= ?"
            " ORDER BY deliveries.id LIMIT ?",
            destination,
            time.time(),
            most,
        )
        return [
            Delivery(
                row["id"],
                row["destination"],
                row["uid"],
                row["kind"],
                self.results / row["file"],
                row["tries"],
                row["made_at"],
            )
            for row in rows
        ]

    def sent(self, deliveries: Sequence[Delivery]) -> None:
        """Note that a destination has acknowledged some results."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE deliveries SET state = 'sent', fault = NULL, tries = tries + 1"
                " WHERE id = ?",
                [(delivery.id,) for delivery in deliveries],
            )

    def postpone(self, delivery: Delivery, fault: str, seconds: float) -> None:
        """Note that a result could not be sent, to be tried again after some seconds."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE deliveries SET fault = ?, tries = tries + 1, due_at = ? WHERE id = ?",
                (fault, time.time() + seconds, delivery.id),
            )

    def give_up(self, delivery: Delivery, fault: str) -> None:
        """Make a result a dead letter."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE deliveries SET state = 'dead', fault = ?, tries = tries + 1 WHERE id = ?",
                (fault, delivery.id),
            )

    def resend(self, numbers: Sequence[int] | None = None) -> int:
        """Let dead letters be sent again, and films that were given up be screened again.

        Parameters
        ----------
        numbers : sequence of int, optional
            Of the dead letters; all, and all such films, if none.

        Returns
        -------
        int
            How many.
        """
        chosen = "" if numbers is None else f" AND id IN ({','.join('?' * len(numbers))})"
        now = time.time()
        with self._writing() as connection:
            letters = connection.execute(
                "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = ?"  # noqa: S608
                f" WHERE state = 'dead'{chosen}",
                (now, *(numbers or ())),
            ).rowcount
            if numbers is not None:
                return letters
            films = connection.execute(
                "UPDATE films SET state = 'received', tries = 0, problem = NULL"
                " WHERE state = 'failed' AND file IS NOT NULL"
            ).rowcount
            return letters + films

    # Storage commitment.

    def promise(self, peer: str, report: dict[str, Any]) -> None:
        """Keep a report of storage commitment that a peer is owed."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO commitments (peer, report, due_at) VALUES (?, ?, ?)",
                (peer, json.dumps(report), time.time()),
            )

    def owed(self) -> list[tuple[int, str, dict[str, Any], int]]:
        """Return the reports that are due: number, AE title of the peer, report and tries."""
        rows = self._rows("SELECT * FROM commitments WHERE due_at <= ?", time.time())
        return [(row["id"], row["peer"], json.loads(row["report"]), row["tries"]) for row in rows]

    def reported(self, number: int) -> None:
        """Forget a report that has arrived, or never will."""
        with self._writing() as connection:
            connection.execute("DELETE FROM commitments WHERE id = ?", (number,))

    def report_later(self, number: int, seconds: float) -> None:
        """Let a report be tried again after some seconds."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE commitments SET tries = tries + 1, due_at = ? WHERE id = ?",
                (time.time() + seconds, number),
            )

    # What operators see.

    def film_counts(self) -> dict[tuple[str, str], int]:
        """Return how many films there are by state and code of their problem, if any."""
        rows = self._rows(
            "SELECT state, coalesce(problem, '') AS problem, count(*) AS number FROM films"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {(row["state"], row["problem"]): row["number"] for row in rows}

    def delivery_counts(self) -> dict[tuple[str, str], int]:
        """Return how many results there are by destination and state."""
        rows = self._rows(
            "SELECT destination, state, count(*) AS number FROM deliveries GROUP BY 1, 2"
            " ORDER BY 1, 2"
        )
        return {(row["destination"], row["state"]): row["number"] for row in rows}

    def troubled(self) -> list[sqlite3.Row]:
        """Return the dead letters, and the results that could not be sent yet."""
        return self._rows(
            "SELECT deliveries.id, destination, kind, state, tries, fault, made_at FROM deliveries"
            " JOIN results ON results.id = result WHERE fault IS NOT NULL ORDER BY deliveries.id"
        )
