"""Opinions are in the chain of the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.records.test_screenings import SAID, breaches, entry

from covidxray_api.records.database import Database
from covidxray_api.records.opinions import Opinions
from covidxray_api.records.screenings import Filter, Screenings
from covidxray_api.records.secret import Secret


@pytest.fixture
def screenings(database: Database, secret: Secret) -> Screenings:
    return Screenings(database, secret)


@pytest.fixture
def opinions(screenings: Screenings, database: Database, secret: Secret) -> Opinions:
    """Opinions of three screenings, the first two of the first, at places 4 to 7 of the chain."""
    screenings.add([entry(number) for number in range(1, 4)])
    made = Opinions(database, secret)
    made.add(replace(SAID, comment="Gripe"))
    made.add(replace(SAID, opinion="disagree", corrected_label="covid_19"))
    for number in (2, 3):
        made.add(replace(SAID, request_id=f"ward-{number}"))
    return made


def test_what_is_untouched_is_as_it_was_given(opinions: Opinions, screenings: Screenings) -> None:
    assert [row["entry"] for row in opinions.all()] == [4, 5, 6, 7]
    assert [it["number"] for it in screenings.page(Filter(), 10)] == [3, 2, 1]
    assert breaches(screenings) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE feedback SET opinion = 'not_sure' WHERE id = 2", [(5, "opinion_changed")]),
        ("UPDATE feedback SET comment = NULL WHERE id = 1", [(4, "opinion_changed")]),
        ("UPDATE feedback SET request_id = 'ward-2' WHERE id = 4", [(7, "opinion_changed")]),
        ("UPDATE feedback SET replaces = NULL WHERE id = 2", [(5, "opinion_changed")]),
        ("DELETE FROM feedback WHERE id = 3", [(6, "opinion_missing")]),
        (
            "UPDATE feedback SET entry = NULL WHERE id = 3",
            [(6, "opinion_missing"), (3, "opinion_added")],
        ),
        (
            "INSERT INTO feedback (id, created_at, request_id, model, model_version, opinion)"
            " SELECT 9, created_at, 'ward-3', model, model_version, 'disagree' FROM feedback"
            " WHERE id = 1",
            [(9, "opinion_added")],
        ),
        ("UPDATE screenings SET content = NULL WHERE number = 6", [(6, "emptied")]),
    ],
)
def test_tampering_with_opinions_shows(
    opinions: Opinions,
    screenings: Screenings,
    change: Callable[[str], None],
    statement: str,
    expected: list[tuple[int, str]],
) -> None:
    change(statement)

    assert breaches(screenings) == expected
    # What follows hides nothing.
    opinions.add(replace(SAID, request_id="ward-9"))
    assert breaches(screenings) == expected


def test_opinions_that_change_places_show(
    opinions: Opinions, screenings: Screenings, change: Callable[[str], None]
) -> None:
    for old, new in ((1, 10), (2, 1), (10, 2)):
        change(f"UPDATE feedback SET id = {new} WHERE id = {old}")  # noqa: S608

    assert breaches(screenings) == [(4, "opinion_changed"), (5, "opinion_changed")]


def test_opinions_are_erased_with_their_screening(
    opinions: Opinions, screenings: Screenings
) -> None:
    screenings.erase(1)

    assert [row["request_id"] for row in opinions.all()] == ["ward-2", "ward-3"]
    assert breaches(screenings) == []
    # Its number may be given again, and the chain keeps them apart.
    screenings.erase(3)
    opinions.add(replace(SAID, request_id="ward-2", opinion="not_sure"))
    assert breaches(screenings) == []


def test_old_opinions_are_deleted_with_old_screenings(
    opinions: Opinions, screenings: Screenings
) -> None:
    opinions.add(replace(SAID, request_id="ward-8"))

    screenings.prune(datetime.now(UTC) - timedelta(days=1))
    assert len(opinions.all()) == 5
    assert breaches(screenings) == []
    screenings.prune(datetime.now(UTC) + timedelta(days=1))
    assert opinions.all() == []
    assert breaches(screenings) == []
    assert opinions.add(SAID).new
    assert breaches(screenings) == []


def test_opinions_of_before_are_chained_with_the_first_that_follows(
    screenings: Screenings, database: Database, secret: Secret, change: Callable[[str], None]
) -> None:
    before = Opinions(database)
    before.add(SAID)
    before.add(replace(SAID, request_id="ward-2"))
    assert breaches(screenings) == []

    Opinions(database, secret).add(replace(SAID, request_id="ward-3"))

    assert [row["entry"] for row in before.all()] == [1, 2, 3]
    change("UPDATE feedback SET opinion = 'disagree' WHERE id = 1")
    assert breaches(screenings) == [(1, "opinion_changed")]
