"""The record of screenings: entries that are only added, each chained to the one before.

The chain is a keyed hash of an entry's own hash and of the chain before it. Whoever changes, takes
out or reorders entries without the secret breaks it from there on. An erased entry keeps its hash,
so that the chain goes on, and a further entry says that it was erased: one that was merely emptied
lacks it. Pruning removes the oldest entries, and leaves one that says up to where, and with which
chain. All processes add to one chain, each in its turn.

The end can be cut off unseen by whoever holds the database alone; a head that was noted elsewhere
(`covidxray records verify` prints it) shows that too.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from covidxray_api.errors import UnknownScreening
from covidxray_api.models.decision import target_ratio
from covidxray_api.models.drift import Latest
from covidxray_api.models.manifest import Manifest
from covidxray_api.records.database import Database, EntryRow, FeedbackRow
from covidxray_api.records.entry import SCREENING, Entry
from covidxray_api.records.secret import BEGINNING, Secret, canonical

ERASURE, PRUNING = "erasure", "pruning"

CHUNK = 1000
"""Entries that are read at once."""

COPIED = ("request_id", "caller", "model", "model_version", "predicted_label")
"""Columns that repeat the content, so that they can be searched."""

Breach = Literal["missing", "changed", "chain", "emptied", "beginning", "head"]


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


@dataclass(frozen=True, slots=True)
class Tampering:
    """Where the record is not what was written."""

    number: int
    """Number of the entry."""

    breach: Breach
    """`missing` before it; its content or columns `changed`; not `chain`ed to the one before;
    `emptied` without an erasure; at the `beginning`, others cut off without a pruning; the `head`
    that was noted is not there."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its number and chain stand for all before it."""

    number: int
    chain: str

    def __str__(self) -> str:
        return f"{self.number}:{self.chain}"

    @classmethod
    def parse(cls, noted: str) -> Head:
        """Read what `str` writes.

        Raises
        ------
        ValueError
            If it is something else.
        """
        number, _, chain = noted.partition(":")
        return cls(int(number), chain)


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
            self._append(connection, entries)

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
            if connection.execute(others).first() is None:
                connection.execute(
                    delete(FeedbackRow).where(FeedbackRow.request_id == row.request_id)
                )
            self._append(connection, [_note(ERASURE, erased=number)])

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
            connection.execute(delete(FeedbackRow).where(FeedbackRow.created_at < before))
            # Clocks differ and jump: only what lies before the first that is young enough.
            young = select(func.min(EntryRow.number)).where(EntryRow.created_at >= before)
            first = connection.execute(young).scalar()
            last = _last(connection)
            through = first - 1 if first is not None else last.number
            old = EntryRow.number <= through
            chain = connection.execute(
                select(EntryRow.chain).where(EntryRow.number == through)
            ).scalar()
            if chain is None:
                return 0
            self._append(connection, [_note(PRUNING, through=through, chain=chain)])
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
            rejected=[it["rejection"] is not None for it in found],
        )

    def head(self) -> Head:
        """Return the last entry; number 0 where there is none."""
        with self._database.connected() as connection:
            return _last(connection)

    def tampering(self, noted: Head | None = None) -> Iterator[Tampering]:
        """Yield each place where the record is not what was written.

        Parameters
        ----------
        noted : Head, optional
            A head of earlier, which has to be there still.

        Raises
        ------
        RecordsUnavailable
            If it cannot be read.
        """
        emptied: list[int] = []
        erased: set[int] = set()
        pruned: dict[int, str] = {}
        first, before = 0, Head(0, BEGINNING)
        seen = noted is None
        for row in self._rows():
            first = first or row.number
            if first == row.number > 1:
                # What came before was pruned, or cut off: a later entry tells.
                before = Head(row.number - 1, "")
            elif row.chain != self._secret.link(before.chain, row.number, row.digest):
                yield Tampering(row.number, "chain")
            if row.number != before.number + 1:
                yield Tampering(row.number, "missing")
            if row.content is None:
                emptied.append(row.number)
            elif not self._is_as_written(row):
                yield Tampering(row.number, "changed")
            elif row.kind == ERASURE:
                erased.add(json.loads(row.content)["erased"])
            elif row.kind == PRUNING:
                note = json.loads(row.content)
                pruned[note["through"]] = note["chain"]
            before = Head(row.number, row.chain)
            seen = seen or before == noted
        for number in emptied:
            if number not in erased:
                yield Tampering(number, "emptied")
        if first > 1 and not self._follows(first, pruned.get(first - 1)):
            yield Tampering(first, "beginning")
        if noted and not seen and noted.number > max(pruned, default=0):
            yield Tampering(noted.number, "head")

    def _follows(self, number: int, chain: str | None) -> bool:
        """Return whether an entry is chained to one that was pruned."""
        if chain is None:
            return False
        with self._database.connected() as connection:
            row = connection.execute(
                select(EntryRow.digest, EntryRow.chain).where(EntryRow.number == number)
            ).one()
        return bool(self._secret.link(chain, number, row.digest) == row.chain)

    def _rows(self) -> Iterator[Any]:
        number = 0
        while True:
            chosen = select(EntryRow.__table__).where(EntryRow.number > number)
            with self._database.connected() as connection:
                rows = connection.execute(chosen.order_by(EntryRow.number).limit(CHUNK)).all()
            yield from rows
            if len(rows) < CHUNK:
                return
            number = rows[-1].number

    def _is_as_written(self, row: Any) -> bool:
        """Return whether an entry has the content that its hash is of, and the columns follow."""
        if self._secret.of_content(row.content) != row.digest:
            return False
        content = json.loads(row.content)
        copies = all(getattr(row, name) == content.get(name) for name in COPIED)
        moment = row.created_at == datetime.fromisoformat(content["created_at"])
        return copies and moment and row.kind == content["kind"]

    def _append(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Add entries to the chain; the caller holds the lock."""
        if not entries:
            return
        last = _last(connection)
        number, chain, rows = last.number, last.chain, []
        for entry in entries:
            content = canonical(entry.content)
            digest = self._secret.of_content(content)
            number += 1
            chain = self._secret.link(chain, number, digest)
            rows.append(
                {
                    "number": number,
                    "identifier": entry.identifier,
                    "kind": entry.content["kind"],
                    "created_at": entry.created_at,
                    **{name: entry.content.get(name) for name in COPIED},
                    "content": content,
                    "digest": digest,
                    "chain": chain,
                }
            )
        connection.execute(insert(EntryRow), rows)


def _last(connection: Connection) -> Head:
    row = connection.execute(
        select(EntryRow.number, EntryRow.chain).order_by(EntryRow.number.desc()).limit(1)
    ).first()
    return Head(row.number, row.chain) if row else Head(0, BEGINNING)


def _note(kind: str, **facts: int | str) -> Entry:
    now = datetime.now(UTC)
    content = {"kind": kind, "created_at": now.isoformat(), "nonce": secrets.token_hex(8), **facts}
    return Entry(content, now)


def _read(number: int, content: str) -> dict[str, Any]:
    return {**json.loads(content), "number": number}
