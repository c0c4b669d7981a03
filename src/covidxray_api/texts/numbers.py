"""Numbers for people, as the page's JavaScript writes them (ECMA-402): all renderers agree."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from covidxray_api.texts.language import Language

NO_BREAK = "\N{NO-BREAK SPACE}"

LEAST = Decimal("0.01")
"""Share that is told apart from none; no nearer to 1 is any told apart from all."""


def number(value: float, language: Language, digits: int = 2) -> str:
    """Return a number with so many digits after the point, ties rounded away from zero."""
    return _written(_decimal(value), language, digits)


def count(value: int, language: Language) -> str:
    """Return a whole number with its thousands grouped; Spanish groups from five digits on."""
    if language == "es":
        return f"{value:,}".replace(",", ".") if value >= 10_000 else str(value)
    return f"{value:,}"


def percent(share: float, language: Language) -> str:
    """Return a share, 0 to 1, in whole per cent; never 0 or 100, which would be certainty."""
    exact = _decimal(share)
    if exact < LEAST:
        return f"<{NO_BREAK}{_percent(LEAST, language)}"
    if exact > 1 - LEAST:
        return f">{NO_BREAK}{_percent(1 - LEAST, language)}"
    return _percent(exact, language)


def of_a_hundred(share: float, language: Language) -> str:
    """Return how many of a hundred a share is, 0 to 1, in words where it is near none or all."""
    exact = _decimal(share)
    if exact < LEAST:
        return {"en": "fewer than 1", "es": "menos de 1"}[language]
    if exact > 1 - LEAST:
        return {"en": "more than 99", "es": "más de 99"}[language]
    return _written(100 * exact, language, 0)


def about_of_a_hundred(share: float, language: Language) -> str:
    """Return about how many of a hundred a share is, 0 to 1."""
    said = of_a_hundred(share, language)
    about = {"en": "about", "es": "unos"}[language]
    return f"{about} {said}" if said.isdecimal() else said


def change(drop: float, language: Language) -> str:
    """Return by how many percentage points a probability changes that falls by `drop`."""
    exact = (-100 * _decimal(drop)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    sign = "−" if exact < 0 else "+" if exact else ""
    return sign + _written(abs(exact), language, 1)


def _decimal(value: float) -> Decimal:
    # The shortest decimal that is this float, as browsers take it: 0.1235 is 12.35 %, not less.
    return Decimal(repr(float(value)))


def _percent(share: Decimal, language: Language) -> str:
    space = NO_BREAK if language == "es" else ""
    return f"{_written(100 * share, language, 0)}{space}%"


def _written(value: Decimal, language: Language, digits: int) -> str:
    text = str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return text.replace(".", ",") if language == "es" else text
