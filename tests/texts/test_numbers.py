from __future__ import annotations

import pytest

from covidxray_api.texts.language import Language
from covidxray_api.texts.numbers import (
    about_of_a_hundred,
    change,
    count,
    number,
    of_a_hundred,
    percent,
)

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("share", "english", "spanish"),
    [
        (0.0, f"<{SPACE}1%", f"<{SPACE}1{SPACE}%"),
        (0.0099, f"<{SPACE}1%", f"<{SPACE}1{SPACE}%"),
        (0.01, "1%", f"1{SPACE}%"),
        (0.125, "13%", f"13{SPACE}%"),
        (0.5, "50%", f"50{SPACE}%"),
        (0.99, "99%", f"99{SPACE}%"),
        (0.9901, f">{SPACE}99%", f">{SPACE}99{SPACE}%"),
        (1.0, f">{SPACE}99%", f">{SPACE}99{SPACE}%"),
    ],
)
def test_a_share_is_neither_none_nor_all(share: float, english: str, spanish: str) -> None:
    assert percent(share, "en") == english
    assert percent(share, "es") == spanish


@pytest.mark.parametrize(
    ("share", "said", "about"),
    [
        (0.0, "menos de 1", "menos de 1"),
        (0.228, "23", "unos 23"),
        (0.999, "más de 99", "más de 99"),
    ],
)
def test_shares_as_so_many_of_a_hundred(share: float, said: str, about: str) -> None:
    assert of_a_hundred(share, "es") == said
    assert about_of_a_hundred(share, "es") == about


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
