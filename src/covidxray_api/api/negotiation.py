"""What a caller accepts: RFC 9110, sections 12.5.1 (media types) and 12.5.4 (languages)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from werkzeug.datastructures import Accept, LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from covidxray_api.errors import NotAcceptable
from covidxray_api.texts import LANGUAGES, Language

Offer = TypeVar("Offer", bound=str)

DEFAULT: Language = "en"

VARY = "Accept, Accept-Language"
"""Headers of a request by which answers differ (RFC 9110, section 12.5.5)."""


@lru_cache(maxsize=64)
def negotiate(accept_language: str) -> Language:
    """Return the language that is preferred; English if none is spoken here.

    Parameters
    ----------
    accept_language : str
        Value of the header, e.g. ``"es-MX, en;q=0.5"``; empty if it was not sent. Of each range
        the primary subtag counts.
    """
    ranges = parse_accept_header(accept_language, LanguageAccept)
    primary = LanguageAccept((tag.partition("-")[0], quality) for tag, quality in ranges)
    return next(iter(_preferred(primary, LANGUAGES)), DEFAULT)


def accepted(request: Request) -> str:
    """Return what a request accepts, of all its headers (RFC 9110, section 5.3)."""
    return ", ".join(request.headers.getlist("accept"))


def negotiate_media_type(accept: str, offered: Sequence[str]) -> str:
    """Return the media type that is preferred.

    Parameters
    ----------
    accept : str
        Value of the header, e.g. ``"image/png, */*;q=0.1"``; empty if it was not sent. Parameters
        of a media type are ignored, as none is offered with any.
    offered : sequence of str
        What can be had; the first where the caller does not mind.

    Raises
    ------
    NotAcceptable
        If the header excludes all of them.
    """
    ranges = parse_accept_header(accept, MIMEAccept)
    plain = MIMEAccept(
        (kind, quality)
        for kind, quality in ((name.partition(";")[0].strip(), quality) for name, quality in ranges)
        if "/" in kind
    )
    if not plain:
        return offered[0]
    preferred = _preferred(plain, offered)
    if not preferred:
        raise NotAcceptable(offered=tuple(offered))
    return preferred[0]


def _preferred(accepted: Accept, offered: Iterable[Offer]) -> list[Offer]:
    """Return what is acceptable, best first.

    Of equal qualities that with the more specific range comes first, then that whose range was
    named first: who lists ``image/png, */*`` means the picture.
    """
    acceptable = [offer for offer in offered if accepted.quality(offer) > 0]
    return sorted(acceptable, key=lambda offer: (-accepted.quality(offer), accepted.find(offer)))


async def answer_language(
    response: Response,
    accept_language: Annotated[
        str, Header(description="Language of the answer: `en` (default) or `es`.", examples=["es"])
    ] = "",
) -> Language:
    """Negotiate the language of an answer and say in its headers which it is."""
    language = negotiate(accept_language)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = VARY
    return language


AnswerLanguage = Annotated[Language, Depends(answer_language)]
"""The language of the answer."""
