"""The record of screenings: what each answer was, for as long as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from covidxray_api.errors import UnknownScreening
from covidxray_api.models.decision import target_ratio
from covidxray_api.models.drift import Latest
from covidxray_api.models.manifest import Manifest
from covidxray_api.records.chain import COPIED, ERASURE, PRUNING, Head, append, head_of, note
from covidxray_api.records.database import Database, EntryRow, FeedbackRow
from covidxray_api.records.entry import SCREENING, Entry
from covidxray_api.records.secret import Secret
from covidxray_api.records.tampering import Tampering, tampering

CHUNK = 1000
"""Screenings that are read at once."""

ADDED = {"distance": None}
"""Of the content, what earlier entries lack."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which screenings are asked for; what is None does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    request_id: str | None = None
    caller: str | None = None
    model: str | None = None
    model_version: str | None = None
    predicted_label: str | None = None


class Screenings:
    """The record of screenings.

    Parameters
    ----------
    database : Database
        Where it is.
    secret : Secret
        What its hashes are keyed with.
    """

    def __init__(self, database: Database, secret: Secret) -> None:
        self._database = database
        self._secret = secret

    def add(self, entries: Sequence[Entry], again: bool = False) -> None:
        """Record screenings, all or none.

        Parameters
        ----------
        entries : sequence of Entry
            In the order of their answers.
        again : bool
            Whether it was tried before, and may have succeeded though it seemed to fail.

        Raises
        ------
        RecordsUnavailable
            If they cannot be written.
        """
        with self._database.locked() as connection:
            if again:
                names = [entry.identifier for entry in entries]
                known = select(EntryRow.identifier).where(EntryRow.identifier.in_(names))
                there = set(connection.scalars(known))
                entries = [entry for entry in entries if entry.identifier not in there]
            append(connection, self._secret, entries)

    def erase(self, number: int) -> None:
        """Erase a screening and the opinions of it; that it was there, and when, remains.

        Raises
        ------
        UnknownScreening
            If there is none of that number, or it has been erased.
        RecordsUnavailable
            If it cannot be written.
        """
        with self._database.locked() as connection:
            row = connection.execute(
                select(EntryRow.request_id).where(
                    EntryRow.number == number,
                    EntryRow.kind == SCREENING,
                    EntryRow.content.is_not(None),
                )
            ).first()
            if row is None:
                raise UnknownScreening("number", number=number)
            nothing: dict[str, None] = dict.fromkeys((*COPIED, "content"))
            connection.execute(update(EntryRow).where(EntryRow.number == number).values(nothing))
            others = select(EntryRow.number).where(EntryRow.request_id == row.request_id)
            opinions: list[int] = []
            if connection.execute(others).first() is None:
                gone = delete(FeedbackRow).where(FeedbackRow.request_id == row.request_id)
                entries = connection.scalars(gone.returning(FeedbackRow.entry))
                opinions = [entry for entry in entries if entry is not None]
            append(connection, self._secret, [note(ERASURE, erased=number, opinions=opinions)])

    def prune(self, before: datetime) -> int:
        """Delete the screenings and opinions that are older than a moment.

        Parameters
        ----------
        before : datetime
            The moment.

        Returns
        -------
        int
            Number of entries that are deleted.

        Raises
        ------
        RecordsUnavailable
            If it cannot be written.
        """
        with self._database.locked() as connection:
            unchained = FeedbackRow.entry.is_(None), FeedbackRow.created_at < before
            connection.execute(delete(FeedbackRow).where(*unchained))
            # Clocks differ and jump: only what lies before the first that is young enough.
            young = select(func.min(EntryRow.number)).where(EntryRow.created_at >= before)
            first = connection.execute(young).scalar()
            last = head_of(connection)
            through = first - 1 if first is not None else last.number
            old = EntryRow.number <= through
            chain = connection.execute(
                select(EntryRow.chain).where(EntryRow.number == through)
            ).scalar()
            if chain is None:
                return 0
            append(connection, self._secret, [note(PRUNING, through=through, chain=chain)])
            connection.execute(delete(FeedbackRow).where(FeedbackRow.entry <= through))
            return connection.execute(delete(EntryRow).where(old)).rowcount

    def get(self, number: int) -> dict[str, Any]:
        """Return a screening: its number, and what `entry_of` says of it.

        Raises
        ------
        UnknownScreening
            If there is none of that number, or it has been erased.
        RecordsUnavailable
            If it cannot be read.
        """
        chosen = select(EntryRow.number, EntryRow.content).where(
            EntryRow.number == number, EntryRow.kind == SCREENING, EntryRow.content.is_not(None)
        )
        with self._database.connected() as connection:
            row = connection.execute(chosen).first()
        if row is None:
            raise UnknownScreening("number", number=number)
        return _read(row.number, row.content)

    def page(self, wanted: Filter, limit: int, before: int | None = None) -> list[dict[str, Any]]:
        """Return screenings, the latest first.

        Parameters
        ----------
        wanted : Filter
            Which.
        limit : int
            Most of them.
        before : int, optional
            Number that all are below: the last of the page before.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        chosen = select(EntryRow.number, EntryRow.content).where(
            EntryRow.kind == SCREENING, EntryRow.content.is_not(None)
        )
        if wanted.since:
            chosen = chosen.where(EntryRow.created_at >= wanted.since)
        if wanted.until:
            chosen = chosen.where(EntryRow.created_at < wanted.until)
        for column in COPIED:
            value = getattr(wanted, column)
            if value is not None:
                chosen = chosen.where(getattr(EntryRow, column) == value)
        if before is not None:
            chosen = chosen.where(EntryRow.number < before)
        with self._database.connected() as connection:
            rows = connection.execute(chosen.order_by(EntryRow.number.desc()).limit(limit)).all()
        return [_read(row.number, row.content) for row in rows]

    def every(self, wanted: Filter) -> Iterator[dict[str, Any]]:
        """Yield all screenings, the latest first; see `page`."""
        before = None
        while page := self.page(wanted, CHUNK, before):
            yield from page
            before = page[-1]["number"]

    def latest(self, model: Manifest, number: int) -> Latest:
        """Return what is compared of the latest screenings by a version of a model.

        Parameters
        ----------
        model : Manifest
            The model's.
        number : int
            Most of them.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        found = self.page(Filter(model=model.name, model_version=model.version), number)
        answered = [it["probabilities"] for it in found if it["probabilities"]]
        return Latest(
            score=[target_ratio(model, it) for it in answered] if model.operating_points else [],
            ssim=[it["ssim"] for it in found],
            gate_score=[it["gate_score"] for it in found if it["gate_score"] is not None],
            distance=[it["distance"] for it in found if it["distance"] is not None],
            rejected=[it["rejection"] is not None for it in found],
        )

    def head(self) -> Head:
        """Return the last entry; number 0 where there is none."""
        with self._database.connected() as connection:
            return head_of(connection)

    def tampering(self, noted: Head | None = None) -> Iterator[Tampering]:
        """Yield each place where the record is not what was written; see `tampering`."""
        return tampering(self._database, self._secret, noted)


def _read(number: int, content: str) -> dict[str, Any]:
    return {**ADDED, **json.loads(content), "number": number}
