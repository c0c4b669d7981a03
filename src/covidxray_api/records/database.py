"""The records' database, to which every process of the service writes: SQLite or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    NullPool,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.sqlite import BUSY_S, reserve

CONNECT_S = 5
"""Seconds for which a connection to PostgreSQL is tried."""

SCHEMA = "0003"
"""Revision of the schema that this release reads and writes: the last in `migrations/versions`."""

LOCK = 0x636F766964
"""Key of PostgreSQL's advisory lock (section 13.3.5 of its manual): one writer at a time."""


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
        """Read it as UTC: what has no time zone is in UTC already."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Table(DeclarativeBase):
    """What all tables have in common."""


class FeedbackRow(Table):
    """Feedback, as it is kept; see `Feedback` for its fields."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    request_id: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    model_version: Mapped[str]
    predicted_label: Mapped[str | None]
    opinion: Mapped[str]
    corrected_label: Mapped[str | None]
    comment: Mapped[str | None]
    replaces: Mapped[int | None]
    """Id of an earlier opinion of the same answer, which this one replaces."""
    entry: Mapped[int | None] = mapped_column(BigInteger, index=True, unique=True)
    """Number of the entry in the chain that has its hash; none where there is no secret."""


class EntryRow(Table):
    """An entry of the chain; see `chain`."""

    __tablename__ = "screenings"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1 for the first; no number is left out."""
    identifier: Mapped[str] = mapped_column(unique=True)
    """Random; tells whether an entry has been written, where a connection broke."""
    kind: Mapped[str]
    """`screening`, `opinion`, `erasure` or `pruning`."""
    created_at: Mapped[datetime] = mapped_column(Moment, index=True)
    request_id: Mapped[str | None] = mapped_column(index=True)
    caller: Mapped[str | None]
    model: Mapped[str | None]
    model_version: Mapped[str | None]
    predicted_label: Mapped[str | None]
    content: Mapped[str | None]
    """The entry as JSON, from which the columns above are taken; none once it is erased."""
    digest: Mapped[str]
    """Keyed hash of the content."""
    chain: Mapped[str]
    """Keyed hash of the digest and of the chain of the entry before."""


class Database:
    """The database of the records.

    One that cannot be written hinders nothing but the writing, and is tried anew each time.

    Parameters
    ----------
    place : Path or str
        The SQLite file, which is made with its folder where there is none, or the address of a
        PostgreSQL database.
    """

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self._is_current = False

    @property
    def file(self) -> Path | None:
        """The SQLite file, if it is one.

        Raises
        ------
        RecordsUnavailable
            If it is in the home of a user who has none.
        """
        if isinstance(self._place, str) and "://" in self._place:
            return None
        try:
            return Path(self._place).expanduser()
        except RuntimeError as error:
            raise RecordsUnavailable("no_home") from error

    def prepare(self) -> None:
        """Make what is not there yet, and bring the tables up to this release.

        Raises
        ------
        RecordsUnavailable
            If it cannot be written, or a newer release has written it.
        """
        with self.locked():
            pass

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Connect, in a transaction that is committed at the end.

        Raises
        ------
        RecordsUnavailable
            If it cannot be read or written, or a newer release has written it.
        """
        file = self.file
        if file:
            _make(file)
        try:
            with self._engine.connect() as connection:
                if not self._is_current:
                    if _revision(connection) != SCHEMA:
                        _upgrade(connection, file)
                    connection.commit()
                    self._is_current = True
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            # It may have been replaced: the next time, its schema is looked at again.
            self._is_current = False
            fault = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise RecordsUnavailable("database", fault=fault.rstrip(".")) from error

    @contextmanager
    def locked(self) -> Iterator[Connection]:
        """Connect as `connected` does, while no other process may write."""
        with self.connected() as connection:
            _lock(connection)
            yield connection

    def now(self) -> datetime:
        """Return what time it is by the database's clock; for a file, the kernel's.

        Raises
        ------
        RecordsUnavailable
            If it cannot be read.
        """
        with self.connected() as connection:
            if connection.dialect.name == "sqlite":
                return datetime.now(UTC)
            told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return told.astimezone(UTC)

    @cached_property
    def _engine(self) -> Engine:
        if file := self.file:
            engine = create_engine(
                URL.create("sqlite", database=str(file)),
                connect_args={"timeout": BUSY_S},
                poolclass=NullPool,
                # Comments are nobody else's business, not even the log's.
                hide_parameters=True,
            )
            event.listen(engine, "connect", _read_while_others_write)
            return engine
        try:
            address = make_url(str(self._place))
            if address.get_backend_name() != "postgresql":
                raise RecordsUnavailable("address")
            return create_engine(
                address.set(drivername="postgresql+psycopg"),
                connect_args={"connect_timeout": CONNECT_S},
                # A batch takes longer than to connect, and a connection that is kept may break.
                poolclass=NullPool,
                hide_parameters=True,
            )
        except ArgumentError as error:
            raise RecordsUnavailable("address") from error
        except ModuleNotFoundError as error:
            raise RecordsUnavailable("driver") from error


def _make(file: Path) -> None:
    try:
        reserve(file)
    except OSError as error:
        raise RecordsUnavailable("folder", fault=error.strerror) from error


def _lock(connection: Connection) -> None:
    """Let no other process write until the transaction ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def _revision(connection: Connection) -> str | None:
    """Return the revision of the schema that there is; none if there is no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, file: Path | None) -> None:
    """Bring the database up to `SCHEMA`, one process at a time."""
    # Imported here: it takes a fifth of a second and 11 MB, and is needed once in a file's life.
    from alembic import command
    from alembic.config import Config

    connection.rollback()
    _lock(connection)
    found = _revision(connection)
    if found is None and file:
        # Releases without migrations let everybody read it; another owner's file stays as it is.
        with suppress(PermissionError):
            file.chmod(0o600)
    elif found and found > SCHEMA:
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
