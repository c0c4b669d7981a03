from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.records import postgresql
from tests.records.postgresql import Server

from covidxray_api.records.database import Database
from covidxray_api.records.secret import Secret


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with postgresql.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where records can be kept: nothing is there yet."""
    if request.param == "sqlite":
        return tmp_path / "records.sqlite"
    server: Server = request.getfixturevalue("server")
    return server.database()


@pytest.fixture
def database(place: Path | str) -> Database:
    return Database(place)


@pytest.fixture
def secret() -> Secret:
    return Secret(b"\1" * 32)


@pytest.fixture
def change(place: Path | str) -> Callable[[str], None]:
    """Change the database behind the service's back."""
    address = (
        f"sqlite:///{place}"
        if isinstance(place, Path)
        else place.replace("postgresql://", "postgresql+psycopg://")
    )

    def run(statement: str) -> None:
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    return run
