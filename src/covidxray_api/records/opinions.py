"""Clinicians' opinions, kept in the database of the records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from covidxray_api.errors import ContradictoryFeedback, UnknownScreening
from covidxray_api.models.intervals import wilson_interval
from covidxray_api.records.chain import OPINION, append, note, opinion_digest
from covidxray_api.records.database import Database, EntryRow, FeedbackRow
from covidxray_api.records.entry import SCREENING
from covidxray_api.records.feedback import Feedback
from covidxray_api.records.secret import Secret


@dataclass(frozen=True, slots=True)
class KeptOpinion:
    """An opinion in the records."""

    id: int
    """Its number."""

    new: bool
    """Whether it was written now; the same opinion of the same answer is kept once."""

    replaces: int | None
    """Number of the opinion that it replaces, if there was another of the same answer."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far clinicians agree with a version of a model; the latest opinion of an answer counts.

    Opinions are given of some answers and not of others: this is no accuracy.
    """

    model: str
    model_version: str
    agree: int
    disagree: int
    not_sure: int

    @property
    def share(self) -> float | None:
        """Share of those who agree among those who are sure; none if nobody is."""
        sure = self.agree + self.disagree
        return self.agree / sure if sure else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share (Wilson 1927); none if nobody is sure."""
        sure = self.agree + self.disagree
        return wilson_interval(self.agree, sure) if sure else None


class Opinions:
    """Clinicians' opinions.

    Parameters
    ----------
    database : Database
        Where they are.
    secret : Secret, optional
        What they are chained with, as they are added.
    """

    def __init__(self, database: Database, secret: Secret | None = None) -> None:
        self._database = database
        self._secret = secret

    def add(self, feedback: Feedback) -> KeptOpinion:
        """Keep a clinician's opinion.

        Raises
        ------
        RecordsUnavailable
            If it cannot be written.
        """
        said = asdict(feedback)
        with self._database.locked() as connection:
            latest = connection.execute(
                select(FeedbackRow.__table__)
                .where(FeedbackRow.request_id == feedback.request_id)
                .order_by(FeedbackRow.id.desc())
                .limit(1)
            ).first()
            if latest and {name: getattr(latest, name) for name in said} == said:
                return KeptOpinion(latest.id, new=False, replaces=latest.replaces)
            replaces = latest.id if latest else None
            row = {"created_at": datetime.now(UTC), "replaces": replaces, **said}
            done = connection.execute(insert(FeedbackRow).returning(FeedbackRow.id), row)
            kept = KeptOpinion(done.scalar_one(), new=True, replaces=replaces)
            if self._secret:
                _chain(connection, self._secret, kept.id)
            return kept

    def check_answered(self, feedback: Feedback) -> None:
        """Compare an opinion with the record of the answer that it is about.

        Raises
        ------
        UnknownScreening
            If there is no record of the request.
        ContradictoryFeedback
            If the request was answered otherwise.
        RecordsUnavailable
            If they cannot be read.
        """
        with self._database.connected() as connection:
            answers = connection.execute(
                select(EntryRow.model, EntryRow.model_version, EntryRow.predicted_label).where(
                    EntryRow.request_id == feedback.request_id, EntryRow.kind == SCREENING
                )
            ).all()
        if not answers:
            raise UnknownScreening("request", request_id=feedback.request_id)
        said = (feedback.model, feedback.model_version, feedback.predicted_label)
        if said not in {tuple(answer) for answer in answers}:
            raise ContradictoryFeedback(
                "not_answered",
                request_id=feedback.request_id,
                model=feedback.model,
                version=feedback.model_version,
            )

    def all(self) -> list[dict[str, Any]]:
        """Return all opinions, oldest first: the columns of each by name.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        with self._database.connected() as connection:
            rows = connection.execute(select(FeedbackRow.__table__).order_by(FeedbackRow.id))
            return [dict(row) for row in rows.mappings()]

    def of(self, request_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return the latest opinion of each of some requests, by the request's id.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        with self._database.connected() as connection:
            rows = connection.execute(
                select(FeedbackRow.__table__)
                .where(FeedbackRow.request_id.in_(request_ids))
                .order_by(FeedbackRow.id)
            )
            return {row["request_id"]: dict(row) for row in rows.mappings()}

    def agreement(self) -> list[Agreement]:
        """Return how far clinicians agree with each version of each model.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        with self._database.connected() as connection:
            return _agreement(connection)


def _chain(connection: Connection, secret: Secret, added: int) -> None:
    """Add an opinion to the chain; with the first, those from before there was a secret."""
    chained = connection.execute(select(FeedbackRow.id).where(FeedbackRow.entry > 0).limit(1))
    those = FeedbackRow.id == added if chained.first() else FeedbackRow.entry.is_(None)
    rows = connection.execute(
        select(FeedbackRow.__table__).where(those).order_by(FeedbackRow.id)
    ).all()
    notes = [note(OPINION, opinion=opinion_digest(secret, row)) for row in rows]
    for row, entry in zip(rows, append(connection, secret, notes), strict=True):
        connection.execute(update(FeedbackRow).where(FeedbackRow.id == row.id).values(entry=entry))


def _agreement(connection: Connection) -> list[Agreement]:
    latest = select(func.max(FeedbackRow.id)).group_by(FeedbackRow.request_id)
    counts = [
        func.sum(case((FeedbackRow.opinion == opinion, 1), else_=0))
        for opinion in ("agree", "disagree", "not_sure")
    ]
    rows = connection.execute(
        select(FeedbackRow.model, FeedbackRow.model_version, *counts)
        .where(FeedbackRow.id.in_(latest))
        .group_by(FeedbackRow.model, FeedbackRow.model_version)
        .order_by(FeedbackRow.model, FeedbackRow.model_version)
    )
    return [Agreement(model, version, *map(int, numbers)) for model, version, *numbers in rows]
