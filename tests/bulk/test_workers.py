"""One item never costs another its result."""

from __future__ import annotations

import pytest
from tests.bulk.work import broken, obeying

from covidxray_api.bulk.workers import WorkersFailed, run

LETTERS = [chr(ord("a") + n) for n in range(12)]


def test_each_item_has_its_result() -> None:
    found = dict(run(iter(LETTERS), obeying, processes=2, hang_s=60))

    assert found == {letter: letter.upper() for letter in LETTERS}


def test_a_process_that_ends_or_hangs_costs_one_item(capfd: pytest.CaptureFixture[str]) -> None:
    items = [*LETTERS[:3], "end", "hang", *LETTERS[3:]]

    done = list(run(iter(items), obeying, processes=1, hang_s=1))

    assert sorted(item for item, _ in done) == sorted(items)
    assert {item for item, result in done if result is None} == {"end", "hang"}
    # What hung is said, with where it did.
    assert "Timeout" in capfd.readouterr().err


def test_processes_that_cannot_begin_are_not_started_for_ever() -> None:
    with pytest.raises(WorkersFailed):
        list(run(iter(LETTERS), broken, processes=1, hang_s=60))


def test_no_more_items_are_taken_than_are_worked_on() -> None:
    taken = 0

    def items() -> object:
        nonlocal taken
        for letter in LETTERS:
            taken += 1
            yield letter

    next(iter(run(items(), obeying, processes=1, hang_s=60)))  # type: ignore[arg-type]

    assert taken <= 3
