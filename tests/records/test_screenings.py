from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from covidxray_api.errors import (
    ContradictoryFeedback,
    RecordsUnavailable,
    UnknownScreening,
)
from covidxray_api.records.chain import Head
from covidxray_api.records.database import SCHEMA, Database, Table
from covidxray_api.records.entry import Entry
from covidxray_api.records.feedback import Feedback
from covidxray_api.records.opinions import Agreement, Opinions
from covidxray_api.records.screenings import Filter, Screenings
from covidxray_api.records.secret import Secret

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)

SAID = Feedback(
    request_id="ward-1",
    model="multi-source",
    model_version="3",
    predicted_label="normal",
    opinion="agree",
    corrected_label=None,
    comment=None,
)


def entry(number: int, **others: Any) -> Entry:
    """Return a screening that was answered at noon of a day."""
    moment = MOMENT + timedelta(days=number)
    content = {
        "kind": "screening",
        "created_at": moment.isoformat(),
        "request_id": f"ward-{number}",
        "caller": None,
        "model": "multi-source",
        "model_version": "3",
        "predicted_label": "normal",
        "probabilities": {"normal": 0.9, "covid_19": 0.1},
        "warnings": ["Ñandú"],
    }
    return Entry(content | others, moment)


@pytest.fixture
def screenings(database: Database, secret: Secret) -> Screenings:
    return Screenings(database, secret)


@pytest.fixture
def five(screenings: Screenings) -> Screenings:
    """The screenings of five days."""
    screenings.add([entry(number) for number in range(1, 4)])
    screenings.add([entry(4), entry(5)])
    return screenings


def breaches(screenings: Screenings, noted: Head | None = None) -> list[tuple[int, str]]:
    return [(found.number, found.breach) for found in screenings.tampering(noted)]


def test_what_is_recorded_is_found_again(five: Screenings) -> None:
    found = five.get(2)

    # Recorded before distances were.
    assert found == {"number": 2, "distance": None, **entry(2).content}
    assert five.head().number == 5
    assert breaches(five) == []


def test_the_latest_are_listed_first_page_by_page(five: Screenings) -> None:
    first = five.page(Filter(), 2)
    second = five.page(Filter(), 2, before=first[-1]["number"])

    assert [it["number"] for it in first + second] == [5, 4, 3, 2]
    assert [it["number"] for it in five.every(Filter())] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(since=MOMENT + timedelta(days=4)), [5, 4]),
        (Filter(until=MOMENT + timedelta(days=2)), [1]),
        (Filter(request_id="ward-3"), [3]),
        (Filter(model="multi-source", predicted_label="normal"), [5, 4, 3, 2, 1]),
        (Filter(model_version="2"), []),
        (Filter(caller="key:ward"), []),
    ],
)
def test_screenings_are_filtered(five: Screenings, wanted: Filter, numbers: list[int]) -> None:
    assert [it["number"] for it in five.page(wanted, 10)] == numbers


def test_what_seemed_to_fail_is_not_recorded_twice(screenings: Screenings) -> None:
    batch = [entry(1), entry(2)]
    screenings.add(batch)

    screenings.add([*batch, entry(3)], again=True)

    assert screenings.head().number == 3
    assert breaches(screenings) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE screenings SET content = replace(content, '0.9', '0.1') WHERE number = 3",
            [(3, "changed")],
        ),
        ("UPDATE screenings SET predicted_label = 'covid_19' WHERE number = 3", [(3, "changed")]),
        ("UPDATE screenings SET digest = 'x' WHERE number = 3", [(3, "chain"), (3, "changed")]),
        ("DELETE FROM screenings WHERE number = 3", [(4, "chain"), (4, "missing")]),
        (
            "UPDATE screenings SET content = NULL, request_id = NULL WHERE number = 3",
            [(3, "emptied")],
        ),
        ("DELETE FROM screenings WHERE number < 3", [(3, "beginning")]),
    ],
)
def test_tampering_shows(
    five: Screenings,
    change: Callable[[str], None],
    statement: str,
    expected: list[tuple[int, str]],
) -> None:
    change(statement)

    assert breaches(five) == expected


def test_entries_that_change_places_show(five: Screenings, change: Callable[[str], None]) -> None:
    for old, new in ((2, 20), (3, 2), (20, 3)):
        change(f"UPDATE screenings SET number = {new} WHERE number = {old}")  # noqa: S608

    assert {number for number, _ in breaches(five)} == {2, 3, 4}


def test_an_end_that_is_cut_off_shows_to_who_has_noted_the_head(
    five: Screenings, change: Callable[[str], None]
) -> None:
    noted = Head.parse(str(five.head()))
    five.add([entry(6)])
    assert breaches(five, noted) == []

    change("DELETE FROM screenings WHERE number > 4")

    assert breaches(five) == []
    assert breaches(five, noted) == [(5, "head")]


def test_another_secret_shows(five: Screenings, database: Database) -> None:
    assert len(breaches(Screenings(database, Secret(b"\2" * 32)))) == 10


def test_an_erased_screening_leaves_its_place_alone(five: Screenings, database: Database) -> None:
    opinions = Opinions(database)
    for number in (2, 3):
        opinions.add(replace(SAID, request_id=f"ward-{number}", comment="Gripe"))

    five.erase(3)

    with pytest.raises(UnknownScreening):
        five.get(3)
    with pytest.raises(UnknownScreening):
        five.erase(3)
    assert [it["number"] for it in five.page(Filter(), 10)] == [5, 4, 2, 1]
    assert [it["request_id"] for it in opinions.all()] == ["ward-2"]
    assert five.head().number == 6
    assert breaches(five) == []


def test_an_opinion_stays_while_another_answer_has_its_request_id(
    screenings: Screenings, database: Database
) -> None:
    screenings.add([entry(1), entry(2, request_id="ward-1")])
    Opinions(database).add(SAID)

    screenings.erase(1)
    assert len(Opinions(database).all()) == 1
    screenings.erase(2)
    assert Opinions(database).all() == []


@pytest.mark.parametrize("number", [0, 6, 2**62])
def test_what_is_not_there_cannot_be_erased(five: Screenings, number: int) -> None:
    with pytest.raises(UnknownScreening):
        five.erase(number)

    assert five.head().number == 5


def test_what_is_old_is_deleted_and_the_rest_verified(five: Screenings) -> None:
    noted = five.head()

    assert five.prune(MOMENT + timedelta(days=3)) == 2
    assert five.prune(MOMENT + timedelta(days=3)) == 0
    assert five.prune(MOMENT + timedelta(days=4)) == 1

    assert [it["number"] for it in five.page(Filter(), 10)] == [5, 4]
    assert breaches(five, noted) == []


def test_all_can_be_deleted_and_the_chain_goes_on(five: Screenings) -> None:
    five.prune(datetime.now(UTC) + timedelta(seconds=60))
    five.add([entry(100)])

    assert [it["number"] for it in five.page(Filter(), 10)] == [7]
    assert breaches(five) == []


def test_more_that_is_cut_off_than_was_pruned_shows(
    five: Screenings, change: Callable[[str], None]
) -> None:
    five.prune(MOMENT + timedelta(days=3))
    change("DELETE FROM screenings WHERE number = 3")

    assert breaches(five) == [(4, "beginning")]


def test_opinions_that_are_old_are_deleted(five: Screenings, database: Database) -> None:
    Opinions(database).add(SAID)

    five.prune(datetime.now(UTC) - timedelta(days=1))
    assert len(Opinions(database).all()) == 1
    five.prune(datetime.now(UTC) + timedelta(days=1))
    assert Opinions(database).all() == []


class TestOpinions:
    def test_the_same_is_kept_once(self, database: Database) -> None:
        opinions = Opinions(database)

        first, again = opinions.add(SAID), opinions.add(SAID)

        assert first.new
        assert not again.new
        assert first.id == again.id
        assert len(opinions.all()) == 1

    def test_another_replaces_the_one_before(self, database: Database) -> None:
        opinions = Opinions(database)
        first = opinions.add(SAID)

        changed = opinions.add(replace(SAID, opinion="not_sure"))
        back = opinions.add(SAID)

        assert changed.replaces == first.id
        assert back.replaces == changed.id
        assert [row["replaces"] for row in opinions.all()] == [None, first.id, changed.id]
        assert opinions.of(["ward-1", "ward-2"])["ward-1"]["id"] == back.id

    def test_it_must_be_of_an_answer_that_was_given(
        self, screenings: Screenings, database: Database
    ) -> None:
        screenings.add([entry(1)])
        opinions = Opinions(database)

        opinions.check_answered(SAID)
        with pytest.raises(UnknownScreening):
            opinions.check_answered(replace(SAID, request_id="ward-2"))
        for other in ({"model_version": "2"}, {"predicted_label": None}):
            with pytest.raises(ContradictoryFeedback, match="not_answered"):
                opinions.check_answered(replace(SAID, **other))

    def test_agreement_is_of_the_latest_opinions(self, database: Database) -> None:
        opinions = Opinions(database)
        for number in range(10):
            opinions.add(replace(SAID, request_id=f"r{number}"))
        opinions.add(replace(SAID, request_id="r0", opinion="disagree"))
        opinions.add(replace(SAID, request_id="r1", opinion="not_sure"))
        opinions.add(replace(SAID, request_id="r2", model_version="4", opinion="not_sure"))

        third, fourth = opinions.agreement()

        assert third == Agreement("multi-source", "3", agree=7, disagree=1, not_sure=1)
        assert third.share == 0.875
        assert third.interval == pytest.approx((0.5291, 0.9776), abs=1e-4)
        assert fourth == Agreement("multi-source", "4", agree=0, disagree=0, not_sure=1)
        assert fourth.share is None
        assert fourth.interval is None


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from covidxray_api.records.database import Database
from covidxray_api.records.entry import Entry
from covidxray_api.records.screenings import Screenings
from covidxray_api.records.secret import Secret

place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
screenings = Screenings(Database(place), Secret(bytes([1]) * 32))
print("ready", flush=True)
input()
for number in range(10):
    now = datetime.now(UTC)
    content = {"kind": "screening", "created_at": now.isoformat(), "request_id": str(number)}
    screenings.add([Entry(content, now) for _ in range(3)])
"""


def test_several_processes_write_one_chain_at_once(
    place: Path | str, screenings: Screenings
) -> None:
    command = [sys.executable, "-c", WRITER, str(place)]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(Popen(command, stdin=PIPE, stdout=PIPE, text=True))
            for _ in range(3)
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [writer.wait() for writer in writers] == [0, 0, 0]

    assert screenings.head().number == 90
    assert list(screenings.tampering()) == []


def test_the_migrations_lead_to_the_tables_that_are_written(database: Database) -> None:
    with database.connected() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []
        assert context.get_current_revision() == SCHEMA


@pytest.mark.parametrize(
    "address", ["mysql://host/name", "postgresql://[", "postgresql://test@/none?host=/nowhere"]
)
def test_an_address_that_leads_nowhere_is_told(address: str) -> None:
    with pytest.raises(RecordsUnavailable) as told:
        Database(address).prepare()

    assert told.value.reason in {"address", "database"}


def test_a_password_is_told_to_nobody() -> None:
    with pytest.raises(RecordsUnavailable) as told:
        Database("postgresql://test:hunter2@/none?host=/nowhere").prepare()

    assert "hunter2" not in f"{told.value} {told.value.__cause__}"
