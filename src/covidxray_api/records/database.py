"""The records' SQLite file, to which every process of the service writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Dialect,
    Engine,
    NullPool,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.feedback import Feedback

BUSY_S = 10
"""Seconds for which one process waits for another that writes."""


SCHEMA = "0001"
"""Revision of the schema that this release reads and writes: the last in `migrations/versions`."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, also in a database that knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy passes it
    ) -> datetime | None:
        """Write it in UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy passes it
    ) -> datetime | None:
        """Read it as UTC."""
        return value.replace(tzinfo=UTC) if value else None


class Table(DeclarativeBase):
    """What all tables have in common."""


class FeedbackRow(Table):
    """Feedback, as it is kept; see `Feedback` for its fields."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    request_id: Mapped[str]
    model: Mapped[str]
    model_version: Mapped[str]
    predicted_label: Mapped[str | None]
    opinion: Mapped[str]
    corrected_label: Mapped[str | None]
    comment: Mapped[str | None]


class Records:
    """What happened, kept.

    A file that cannot be written hinders nothing but the writing, and is tried anew each time.

    Parameters
    ----------
    file : Path
        The SQLite file; it and its folder are made where there are none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def prepare(self) -> None:
        """Make the file where there is none, and bring its tables up to this release.

        Raises
        ------
        RecordsUnavailable
            If it cannot be written, or a newer release has written it.
        """
        with self._connected():
            pass

    def add_feedback(self, feedback: Feedback) -> int:
        """Keep a clinician's opinion, and return its number.

        Raises
        ------
        RecordsUnavailable
            If it cannot be written.
        """
        row = FeedbackRow(created_at=datetime.now(UTC), **asdict(feedback))
        with self._connected() as connection, Session(connection) as session:
            session.add(row)
            session.commit()
            return row.id

    def feedback(self) -> list[dict[str, Any]]:
        """Return all opinions, oldest first: the columns of each by name.

        Raises
        ------
        RecordsUnavailable
            If they cannot be read.
        """
        with self._connected() as connection:
            rows = connection.execute(select(FeedbackRow.__table__).order_by(FeedbackRow.id))
            return [dict(row) for row in rows.mappings()]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        file = self._make_file()
        try:
            with self._engine.connect() as connection:
                if _revision(connection) != SCHEMA:
                    _upgrade(connection, file)
                connection.commit()
                yield connection
        except DBAPIError as error:
            raise RecordsUnavailable("database", fault=str(error.orig)) from error

    def _make_file(self) -> Path:
        try:
            file = self._file.expanduser()
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not file.exists():
                # Before SQLite does, which would let everybody read it.
                file.touch(mode=0o600)
        except OSError as error:
            raise RecordsUnavailable("folder", fault=error.strerror) from error
        except RuntimeError as error:
            raise RecordsUnavailable("no_home") from error
        return file

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(
            URL.create("sqlite", database=str(self._file.expanduser())),
            connect_args={"timeout": BUSY_S},
            poolclass=NullPool,
            # Comments are nobody else's business, not even the log's.
            hide_parameters=True,
        )
        event.listen(engine, "connect", _read_while_others_write)
        return engine


def _revision(connection: Connection) -> str | None:
    """Return the revision of the schema that the file has; none if it has no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, file: Path) -> None:
    """Bring the file up to `SCHEMA`, one process at a time."""
    # Imported here: it takes a fifth of a second and 11 MB, and is needed once in a file's life.
    from alembic import command
    from alembic.config import Config

    connection.exec_driver_sql("BEGIN IMMEDIATE")
    found = _revision(connection)
    if found is None:
        # Releases without migrations let everybody read it; another owner's file stays as it is.
        with suppress(PermissionError):
            file.chmod(0o600)
    elif found > SCHEMA:
        raise RecordsUnavailable("newer", found=found, known=SCHEMA)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "covidxray_api.records:migrations")
    command.upgrade(config, SCHEMA)


def _read_while_others_write(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Turn on the write-ahead log (https://www.sqlite.org/wal.html)."""
    cursor = connection.cursor()
    # While another process turns it on, SQLite does not wait, and need not: the file keeps it.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()
