"""The ledger of the node: each film that it has accepted, each result, each sending.

Nothing is acknowledged before it stands here and on disk; what stands here is done, however often
the node has to start. A study's results are made, written and noted in one transaction, and the
same bytes are sent until they are acknowledged: no two results of the same can ever leave.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from covidxray_api.hospital.node.database import Database
from covidxray_api.hospital.node.files import Folder, remove
from covidxray_api.hospital.node.films import Films, KeptFilm
from covidxray_api.hospital.node.outbox import Outbox
from covidxray_api.hospital.node.promises import Promises

PENDING = (
    "SELECT results.study FROM results JOIN deliveries ON deliveries.result = results.id"
    " WHERE deliveries.state IN ('waiting', 'dead')"
)
"""The studies of which a result is not acknowledged."""


@dataclass(frozen=True, slots=True)
class Made:
    """A result that is to be sent."""

    uid: str
    """SOP Instance UID, or the identifier of a FHIR bundle."""
    kind: str
    content: bytes
    destinations: tuple[str, ...]


class Ledger:
    """The films and results of one node, and what is done to both at once.

    Parameters
    ----------
    folder : Path
        Folder of the node; made where there is none, for nobody else to read.
    """

    def __init__(self, folder: Path) -> None:
        films, results = folder / "films", folder / "results"
        for each in (folder, films, results):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = Database(folder / "node.sqlite")
        self.films = Films(self._database, films)
        self._results = Folder(results)
        self.outbox = Outbox(self._database, results)
        self.promises = Promises(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def sweep(self) -> None:
        """Remove the files that the ledger does not know: their writing was never acknowledged."""
        for folder, table in ((self.films.folder, "films"), (self.outbox.folder, "results")):
            rows = self._database.rows(f"SELECT file FROM {table} WHERE file IS NOT NULL")  # noqa: S608  # nosec B608
            known = {row["file"] for row in rows}
            remove(path for path in folder.iterdir() if path.name not in known)

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
        paths = self._results.keep(*(result.content for result in made))
        known = []
        with self._database.writing() as connection:
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
        with self._database.writing() as connection:
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
                    "SELECT id, file FROM films WHERE file IS NOT NULL AND state IN ('answered',"  # noqa: S608  # nosec B608
                    f" 'unreadable') AND answered_at <= ? AND study NOT IN ({PENDING})",
                    (time.time() - keep_films_s,),
                ).fetchall()
                connection.executemany(
                    "UPDATE films SET file = NULL WHERE id = ?", [(row["id"],) for row in films]
                )
        remove(self.films.folder / row["file"] for row in films)
        remove(self.outbox.folder / row["file"] for row in results)

    def forget(self, remember_s: float) -> None:
        """Forget films that were dropped, and their results, all of which are acknowledged.

        Parameters
        ----------
        remember_s : float
            Seconds since the film was answered.
        """
        with self._database.writing(durably=False) as connection:
            forgotten = connection.execute(
                "DELETE FROM films WHERE answered_at <= ? AND file IS NULL"  # noqa: S608  # nosec B608
                f" AND state IN ('answered', 'unreadable') AND study NOT IN ({PENDING})",
                (time.time() - remember_s,),
            ).rowcount
            if not forgotten:
                return
            old = (
                "SELECT id FROM results WHERE file IS NULL AND study NOT IN"
                " (SELECT study FROM films)"
            )
            connection.execute(f"DELETE FROM deliveries WHERE result IN ({old})")  # noqa: S608  # nosec B608
            connection.execute(f"DELETE FROM results WHERE id IN ({old})")  # noqa: S608  # nosec B608

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
        with self._database.writing() as connection:
            letters = connection.execute(
                "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = ?"  # noqa: S608  # nosec B608
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
