"""The chain of the records: entries that are only added, each tied to the one before.

The chain is a keyed hash of an entry's own hash and of the chain before it. Whoever changes, takes
out or reorders entries without the secret breaks it from there on. An opinion lies in a table of
its own, where it can be erased; the chain has an entry with its hash. All processes add to one
chain, each in its turn.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from covidxray_api.records.database import EntryRow
from covidxray_api.records.entry import Entry
from covidxray_api.records.secret import BEGINNING, Secret, canonical

OPINION, ERASURE, PRUNING = "opinion", "erasure", "pruning"
"""Kinds of entries beside `SCREENING`."""

COPIED = ("request_id", "caller", "model", "model_version", "predicted_label")
"""Columns that repeat the content, so that they can be searched."""


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


def head_of(connection: Connection) -> Head:
    """Return the last entry."""
    row = connection.execute(
        select(EntryRow.number, EntryRow.chain).order_by(EntryRow.number.desc()).limit(1)
    ).first()
    return Head(row.number, row.chain) if row else Head(0, BEGINNING)


def append(connection: Connection, secret: Secret, entries: Sequence[Entry]) -> list[int]:
    """Add entries, and return their numbers; the caller holds the lock."""
    last = head_of(connection)
    number, chain, rows = last.number, last.chain, []
    for entry in entries:
        content = canonical(entry.content)
        digest = secret.of_content(content)
        number += 1
        chain = secret.link(chain, number, digest)
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
    if rows:
        connection.execute(insert(EntryRow), rows)
    return [row["number"] for row in rows]


def note(kind: str, **facts: int | str | list[int]) -> Entry:
    """Return an entry about others."""
    now = datetime.now(UTC)
    content = {"kind": kind, "created_at": now.isoformat(), "nonce": secrets.token_hex(8), **facts}
    return Entry(content, now)


def opinion_digest(secret: Secret, row: Any) -> str:
    """Return the hash of an opinion as it is kept; its number in the chain is no part of it.

    Parameters
    ----------
    secret : Secret
        What it is keyed with.
    row : row of FeedbackRow
        The opinion.
    """
    said = {
        "id": row.id,
        "created_at": row.created_at.isoformat(),
        "request_id": row.request_id,
        "model": row.model,
        "model_version": row.model_version,
        "predicted_label": row.predicted_label,
        "opinion": row.opinion,
        "corrected_label": row.corrected_label,
        "comment": row.comment,
        "replaces": row.replaces,
    }
    return secret.of_content(canonical(said))
