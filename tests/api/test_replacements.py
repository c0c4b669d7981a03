"""A process that ends is replaced at once; those that end again and again are not."""

from __future__ import annotations

from covidxray_api.api.replacements import LONGEST_S, YOUNG_S, Replacements


class Clock:
    """Tells the time that a test has set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_that_ends_young_is_replaced_at_once() -> None:
    replacements = Replacements(Clock())
    replacements.started(0)
    assert not replacements.is_missing(0)

    assert replacements.ended(0) == 0
    assert replacements.is_missing(0)
    assert replacements.is_due(0)


def test_those_that_end_young_in_a_row_are_replaced_later_and_later() -> None:
    clock = Clock()
    replacements = Replacements(clock)
    pauses = []
    for _ in range(8):
        replacements.started(0)
        pauses.append(replacements.ended(0))
        assert replacements.is_due(0) == (pauses[-1] == 0)
        clock.now += pauses[-1]
        assert replacements.is_due(0)

    assert pauses == [0, 1, 2, 4, 8, 16, LONGEST_S, LONGEST_S]


def test_one_that_has_served_ends_the_row_and_places_are_told_apart() -> None:
    clock = Clock()
    replacements = Replacements(clock)
    for place in (0, 1):
        replacements.started(place)
        replacements.ended(place)
    replacements.started(0)
    assert replacements.ended(0) == 1

    replacements.started(1)
    clock.now += YOUNG_S
    assert replacements.ended(1) == 0
    replacements.started(1)
    assert replacements.ended(1) == 0
