"""The reports of storage commitment that the node owes to those that asked for it."""

from __future__ import annotations

import json
import time
from typing import Any

from covidxray_api.hospital.node.database import Database


class Promises:
    """The reports that one node owes.

    Parameters
    ----------
    database : Database
        Where they stand.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, peer: str, report: dict[str, Any]) -> None:
        """Keep a report of storage commitment that a peer is owed."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO commitments (peer, report, due_at) VALUES (?, ?, ?)",
                (peer, json.dumps(report), time.time()),
            )

    def owed(self) -> list[tuple[int, str, dict[str, Any], int]]:
        """Return the reports that are due: number, AE title of the peer, report and tries."""
        rows = self._database.rows("SELECT * FROM commitments WHERE due_at <= ?", time.time())
        return [(row["id"], row["peer"], json.loads(row["report"]), row["tries"]) for row in rows]

    def reported(self, number: int) -> None:
        """Forget a report that has arrived, or never will."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM commitments WHERE id = ?", (number,))

    def report_later(self, number: int, seconds: float) -> None:
        """Let a report be tried again after some seconds."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE commitments SET tries = tries + 1, due_at = ? WHERE id = ?",
                (time.time() + seconds, number),
            )
