"""Records are written behind the answers, and what cannot be written is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.waiting import PATIENCE_S, wait_until

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records import writer as module
from covidxray_api.records.database import Database
from covidxray_api.records.entry import Entry
from covidxray_api.records.screenings import Filter, Screenings
from covidxray_api.records.secret import Secret
from covidxray_api.records.writer import Writer
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.metrics import Metrics
from covidxray_api.serving.observer import Answered
from covidxray_api.settings import Settings


class Fickle(Screenings):
    """A record whose database can be taken away."""

    def __init__(self, database: Database, secret: Secret) -> None:
        super().__init__(database, secret)
        self.away = threading.Event()
        self.tried = threading.Event()

    def add(self, entries: Sequence[Entry], again: bool = False) -> None:
        if self.away.is_set():
            self.tried.set()
            raise RecordsUnavailable("database", fault="it is away")
        super().add(entries, again)


@pytest.fixture(scope="module")
def screening(film: bytes) -> Screening:
    return Screener.from_settings(Settings()).screen(film)


@pytest.fixture
def answer(screening: Screening, film: bytes) -> Callable[[int], Answered]:
    return lambda number: Answered(screening, film, f"ward-{number}", "key:ward")


@pytest.fixture
def record(tmp_path: Path, secret: Secret) -> Iterator[Fickle]:
    record = Fickle(Database(tmp_path / "records.sqlite"), secret)
    yield record
    assert list(record.tampering()) == []


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def count(registry: CollectorRegistry, outcome: str) -> float:
    return registry.get_sample_value("covidxray_records_total", {"outcome": outcome}) or 0


def test_each_screening_is_recorded(
    record: Fickle,
    secret: Secret,
    metrics: Metrics,
    answer: Callable[[int], Answered],
    screening: Screening,
    film: bytes,
) -> None:
    writer = Writer(record, secret, metrics, required=False)
    with writer.running():
        for number in range(10):
            writer.answered(answer(number))
        wait_until(lambda: record.head().number == 10)
        writer.answered(Answered(screening.validation, film, "none", None))

    found = record.get(1)
    assert found["request_id"] == "ward-0"
    assert found["caller"] == "key:ward"
    assert found["image"] == secret.of_image(film)
    assert found["probabilities"] == screening.probabilities
    assert found["seconds"].keys() == {"decode", "gate", "inference"}
    assert record.head().number == 10
    assert count(metrics.registry, "kept") == 10
    assert metrics.registry.get_sample_value("covidxray_records_waiting") == 0


def test_a_film_is_read_where_it_is(
    record: Fickle, secret: Secret, metrics: Metrics, screening: Screening, tmp_path: Path
) -> None:
    kept = tmp_path / "film"
    kept.write_bytes(b"film")
    writer = Writer(record, secret, metrics, required=False)
    with writer.running():
        writer.answered(Answered(screening, kept, "r", None))

    assert record.get(1)["image"] == secret.of_image(b"film")


def test_a_stop_writes_what_is_left(
    record: Fickle, secret: Secret, metrics: Metrics, answer: Callable[[int], Answered]
) -> None:
    writer = Writer(record, secret, metrics, required=False)
    with writer.running():
        for number in range(500):
            writer.answered(answer(number))

    assert record.head().number == 500
    assert {it["request_id"] for it in record.every(Filter())} == {f"ward-{n}" for n in range(500)}


def test_what_waits_for_the_database_is_written_once_it_is_back(
    record: Fickle,
    secret: Secret,
    metrics: Metrics,
    answer: Callable[[int], Answered],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    writer = Writer(record, secret, metrics, required=False)
    record.away.set()
    with capture_logs() as lines, writer.running():
        writer.answered(answer(1))
        assert record.tried.wait(PATIENCE_S)
        wait_until(lambda: writer.fails)
        writer.answered(answer(2))
        record.away.clear()
        wait_until(lambda: record.head().number == 2)
        wait_until(lambda: not writer.fails)

    assert [line["event"] for line in lines] == [
        "records cannot be written",
        "records are written again",
    ]
    assert count(metrics.registry, "lost") == 0


def test_what_does_not_fit_is_counted_and_named(
    record: Fickle,
    secret: Secret,
    metrics: Metrics,
    answer: Callable[[int], Answered],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    writer = Writer(record, secret, metrics, required=False)

    with capture_logs() as lines:
        for number in range(5):
            writer.answered(answer(number))
        with writer.running():
            pass

    assert [line["lost"] for line in lines if line["event"] == "record lost"] == [
        "ward-3",
        "ward-4",
    ]
    assert count(metrics.registry, "lost") == 2
    assert record.head().number == 3


def test_no_answer_goes_without_its_record_where_it_is_required(
    record: Fickle,
    secret: Secret,
    metrics: Metrics,
    answer: Callable[[int], Answered],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    writer = Writer(record, secret, metrics, required=True)
    for number in range(3):
        writer.answered(answer(number))
    with pytest.raises(RecordsUnavailable):
        writer.answered(answer(3))

    record.away.set()
    with writer.running():
        wait_until(lambda: writer.fails)
        with pytest.raises(RecordsUnavailable):
            writer.answered(answer(4))
        record.away.clear()
        wait_until(lambda: not writer.fails)
        writer.answered(answer(5))

    assert [it["request_id"] for it in record.every(Filter())] == [
        "ward-5", "ward-2", "ward-1", "ward-0",
    ]  # fmt: skip
    assert count(metrics.registry, "lost") == 0


def test_a_stop_gives_up_in_the_end(
    record: Fickle,
    secret: Secret,
    metrics: Metrics,
    answer: Callable[[int], Answered],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    writer = Writer(record, secret, metrics, required=False)
    record.away.set()
    with capture_logs() as lines, writer.running():
        writer.answered(answer(1))
        writer.answered(answer(2))

    assert lines[-1]["event"] == "records lost"
    assert lines[-1]["records"] == count(metrics.registry, "lost") == 2


def test_old_records_are_deleted_while_it_runs(
    record: Fickle, secret: Secret, metrics: Metrics, answer: Callable[[int], Answered]
) -> None:
    first = Writer(record, secret, metrics, required=False)
    with first.running():
        first.answered(answer(1))
    with record._database.locked() as connection:
        connection.exec_driver_sql("UPDATE screenings SET created_at = '2020-01-01 00:00:00'")
    second = Writer(record, secret, metrics, required=False, retention_days=30)

    with second.running():
        wait_until(lambda: record.head().number == 2)

    assert list(record.every(Filter())) == []


def test_a_caller_whose_name_a_database_would_refuse_is_recorded(
    record: Fickle, secret: Secret, metrics: Metrics, screening: Screening, film: bytes
) -> None:
    writer = Writer(record, secret, metrics, required=True)
    with writer.running():
        writer.answered(Answered(screening, film, "r", "oidc:a\0b\ud800"))

    assert record.get(1)["caller"] == "oidc:a?b?"
