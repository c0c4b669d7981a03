"""Whether the records are as they were written.

An erased entry keeps its hash, so that the chain goes on, and a further entry says that it was
erased: one that was merely emptied lacks it. Pruning removes the oldest entries, and leaves one
that says up to where, and with which chain.

The end can be cut off unseen by whoever holds the database alone; a head that was noted elsewhere
(`covidxray records verify` prints it) shows that too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from covidxray_api.records.chain import (
    COPIED,
    ERASURE,
    OPINION,
    PRUNING,
    Head,
    opinion_digest,
)
from covidxray_api.records.database import Database, EntryRow, FeedbackRow
from covidxray_api.records.secret import BEGINNING, Secret

CHUNK = 1000
"""Entries that are read at once."""

Breach = Literal[
    "missing",
    "changed",
    "chain",
    "emptied",
    "beginning",
    "head",
    "opinion_changed",
    "opinion_missing",
    "opinion_added",
]


@dataclass(frozen=True, slots=True)
class Tampering:
    """Where the record is not what was written."""

    number: int
    """Number of the entry; of the opinion if it was `opinion_added`."""

    breach: Breach
    """`missing` before it; its content or columns `changed`; not `chain`ed to the one before;
    `emptied` without an erasure; at the `beginning`, others cut off without a pruning; the `head`
    that was noted is not there. Of the opinion that an entry is about: `opinion_changed`, or
    `opinion_missing` without an erasure; one that no entry is about was `opinion_added`."""


def tampering(database: Database, secret: Secret, noted: Head | None = None) -> Iterator[Tampering]:
    """Yield where the records are not what was written.

    Parameters
    ----------
    database : Database
        Where they are.
    secret : Secret
        What their hashes are keyed with.
    noted : Head, optional
        The head of earlier, which has to be there still.

    Raises
    ------
    RecordsUnavailable
        If they cannot be read.
    """
    emptied: list[int] = []
    gone: list[int] = []
    erased: set[int] = set()
    pruned: dict[int, str] = {}
    first, before = 0, Head(0, BEGINNING)
    seen, has_opinions = noted is None, False
    for row, opinion in _entries(database):
        first = first or row.number
        if first == row.number > 1:
            # What came before was pruned, or cut off: a later entry tells.
            before = Head(row.number - 1, "")
        elif row.chain != secret.link(before.chain, row.number, row.digest):
            yield Tampering(row.number, "chain")
        if row.number != before.number + 1:
            yield Tampering(row.number, "missing")
        if row.content is None:
            emptied.append(row.number)
        elif not _is_as_written(row, row.content, secret):
            yield Tampering(row.number, "changed")
        elif row.kind == ERASURE:
            said = json.loads(row.content)
            erased |= {said["erased"], *said.get("opinions", ())}
        elif row.kind == PRUNING:
            said = json.loads(row.content)
            pruned[said["through"]] = said["chain"]
        elif row.kind == OPINION:
            has_opinions = True
            if opinion is None:
                gone.append(row.number)
            elif opinion_digest(secret, opinion) != json.loads(row.content)["opinion"]:
                yield Tampering(row.number, "opinion_changed")
        before = Head(row.number, row.chain)
        seen = seen or before == noted
    yield from (Tampering(number, "emptied") for number in emptied if number not in erased)
    yield from (Tampering(number, "opinion_missing") for number in gone if number not in erased)
    if has_opinions:
        yield from (Tampering(number, "opinion_added") for number in _added(database))
    if first > 1 and not _follows(database, secret, first, pruned.get(first - 1)):
        yield Tampering(first, "beginning")
    if noted and not seen and noted.number > max(pruned, default=0):
        yield Tampering(noted.number, "head")


def _entries(database: Database) -> Iterator[tuple[EntryRow, FeedbackRow | None]]:
    """Yield all entries, each with the opinion that it is about."""
    number = 0
    # In one statement, so that no opinion is erased between two.
    both = select(EntryRow, FeedbackRow).outerjoin(
        FeedbackRow, FeedbackRow.entry == EntryRow.number
    )
    while True:
        chosen = both.where(EntryRow.number > number).order_by(EntryRow.number).limit(CHUNK)
        with database.connected() as connection, Session(connection) as session:
            found = session.execute(chosen).all()
        yield from found
        if len(found) < CHUNK:
            return
        number = found[-1][0].number


def _added(database: Database) -> Sequence[int]:
    """Return the opinions that no entry is about."""
    chained = select(EntryRow.number).where(EntryRow.kind == OPINION)
    foreign = or_(FeedbackRow.entry.is_(None), FeedbackRow.entry.not_in(chained))
    with database.connected() as connection:
        return connection.scalars(
            select(FeedbackRow.id).where(foreign).order_by(FeedbackRow.id)
        ).all()


def _follows(database: Database, secret: Secret, number: int, chain: str | None) -> bool:
    """Return whether an entry is chained to one that was pruned."""
    if chain is None:
        return False
    with database.connected() as connection:
        row = connection.execute(
            select(EntryRow.digest, EntryRow.chain).where(EntryRow.number == number)
        ).one()
    return bool(secret.link(chain, number, row.digest) == row.chain)


def _is_as_written(row: EntryRow, content: str, secret: Secret) -> bool:
    """Return whether an entry has the content that its hash is of, and the columns follow."""
    if secret.of_content(content) != row.digest:
        return False
    said = json.loads(content)
    copies = all(getattr(row, name) == said.get(name) for name in COPIED)
    moment = row.created_at == datetime.fromisoformat(said["created_at"])
    return copies and moment and bool(row.kind == said["kind"])
