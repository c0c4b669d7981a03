"""Which language an answer is given in: negotiation by Accept-Language."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response

from covidxray_api.texts import LANGUAGES, Language

DEFAULT: Language = "en"


def negotiate(accept_language: str) -> Language:
    """Choose a language: RFC 9110, section 12.5.4, with the lookup of RFC 4647, section 3.4.

    Parameters
    ----------
    accept_language : str
        Value of the header, e.g. ``"es-MX, en;q=0.5"``; empty if it was not sent.

    Returns
    -------
    Language
        The best that is spoken here; of equals, the first named; English if none is.
    """
    ranges = [_range(part) for part in accept_language.split(",")]
    named = {primary for primary, _ in ranges}
    # Sorting is stable, so that among equal qualities the first named stays first.
    for primary, quality in sorted(ranges, key=lambda item: -item[1]):
        if quality == 0:
            break
        for language in LANGUAGES:
            if primary == language or (primary == "*" and language not in named):
                return language
    return DEFAULT


def _range(part: str) -> tuple[str, float]:
    """Return the primary subtag of a language range and its quality; 0 if it makes no sense."""
    tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return tag.split("-")[0], quality if 0 <= quality <= 1 else 0.0


async def answer_language(
    response: Response,
    accept_language: Annotated[
        str, Header(description="Language of the answer: `en` (default) or `es`.", examples=["es"])
    ] = "",
) -> Language:
    """Negotiate the language of an answer and say in its headers which it is."""
    language = negotiate(accept_language)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return language


AnswerLanguage = Annotated[Language, Depends(answer_language)]
"""The language of the answer."""
