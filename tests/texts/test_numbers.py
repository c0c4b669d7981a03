from __future__ import annotations

import pytest

from covidxray_api.texts.language import Language
from covidxray_api.texts.numbers import change, count, number, percent, probability

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("share", "english", "spanish"),
    [
        (0.0, "< 0.1%", f"< 0,1{SPACE}%"),
        (0.00099, "< 0.1%", f"< 0,1{SPACE}%"),
        (0.001, "0.1%", f"0,1{SPACE}%"),
        (0.1235, "12.4%", f"12,4{SPACE}%"),
        (0.5, "50.0%", f"50,0{SPACE}%"),
        (0.999, "99.9%", f"99,9{SPACE}%"),
        (0.9991, "> 99.9%", f"> 99,9{SPACE}%"),
        (1.0, "> 99.9%", f"> 99,9{SPACE}%"),
    ],
)
def test_a_probability_is_never_certain(share: float, english: str, spanish: str) -> None:
    assert probability(share, "en") == english
    assert probability(share, "es") == spanish


def test_a_share_that_was_counted_may_be_all_or_none() -> None:
    assert (percent(0, "en"), percent(1, "en")) == ("0.0%", "100.0%")


@pytest.mark.parametrize(
    ("drop", "shown"), [(0.31, "−31.0"), (-0.04, "+4.0"), (0.0, "0.0"), (0.0001, "0.0")]
)
def test_a_change_has_its_sign(drop: float, shown: str) -> None:
    assert change(drop, "en") == shown


@pytest.mark.parametrize(
    ("value", "language", "shown"),
    [(317, "en", "317"), (1130, "en", "1,130"), (1130, "es", "1130"), (12345, "es", "12.345")],
)
def test_counts_are_grouped_as_the_language_does(
    value: int, language: Language, shown: str
) -> None:
    assert count(value, language) == shown


def test_numbers_have_the_decimal_sign_of_the_language() -> None:
    assert (number(0.6, "en"), number(0.615, "es")) == ("0.60", "0,62")
