"""The results that the node sends: each to its destinations, until it is acknowledged."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from covidxray_api.hospital.node.database import ALL, Database, Lane


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


class Outbox:
    """The results of one node.

    Parameters
    ----------
    database : Database
        What is known of them.
    folder : Path
        Their files.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        self._database = database

    def due(self, destination: str, most: int, lane: Lane = ALL) -> list[Delivery]:
        """Return the results that are to be sent to a destination now, the oldest first.

        Parameters
        ----------
        destination : str
            Its name.
        most : int
            Most results that are returned.
        lane : tuple of int
            Which of how many shares of the studies is looked at; all results of a study are in one.
        """
        rows = self._database.rows(
            "SELECT deliveries.*, results.uid, results.kind, results.file, results.made_at"
            " FROM deliveries JOIN results ON results.id = deliveries.result"
            " WHERE state = 'waiting' AND destination = ? AND due_at <= ? AND lane(study, ?) = ?"
            " ORDER BY deliveries.id LIMIT ?",
            destination,
            time.time(),
            lane[1],
            lane[0],
            most,
        )
        if rows:
            # No result leaves that could be made anew, and differ.
            self._database.sync()
        return [
            Delivery(
                row["id"],
                row["destination"],
                row["uid"],
                row["kind"],
                self.folder / row["file"],
                row["tries"],
                row["made_at"],
            )
            for row in rows
        ]

    def sent(self, deliveries: Sequence[Delivery]) -> None:
        """Note that a destination has acknowledged some results."""
        # At worst the same bytes are sent once more.
        with self._database.writing(durably=False) as connection:
            connection.executemany(
                "UPDATE deliveries SET state = 'sent', fault = NULL, tries = tries + 1"
                " WHERE id = ?",
                [(delivery.id,) for delivery in deliveries],
            )

    def postpone(self, delivery: Delivery, fault: str, seconds: float) -> None:
        """Note that a result could not be sent, to be tried again after some seconds."""
        with self._database.writing(durably=False) as connection:
            connection.execute(
                "UPDATE deliveries SET fault = ?, tries = tries + 1, due_at = ? WHERE id = ?",
                (fault, time.time() + seconds, delivery.id),
            )

    def give_up(self, delivery: Delivery, fault: str) -> None:
        """Make a result a dead letter."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE deliveries SET state = 'dead', fault = ?, tries = tries + 1 WHERE id = ?",
                (fault, delivery.id),
            )

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many results there are by destination and state."""
        rows = self._database.rows(
            "SELECT destination, state, count(*) AS number FROM deliveries GROUP BY 1, 2"
            " ORDER BY 1, 2"
        )
        return {(row["destination"], row["state"]): row["number"] for row in rows}

    def troubled(self) -> list[sqlite3.Row]:
        """Return the dead letters, and the results that could not be sent yet."""
        return self._database.rows(
            "SELECT deliveries.id, destination, kind, state, tries, fault, made_at FROM deliveries"
            " JOIN results ON results.id = result WHERE fault IS NOT NULL ORDER BY deliveries.id"
        )
