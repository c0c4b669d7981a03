"""Who wants to know of each answer: metrics, records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from covidxray_api.screening.screening import Screening, Validation


@dataclass(frozen=True, slots=True)
class Answered:
    """An image that is about to be answered."""

    found: Screening | Validation
    """The answer."""

    data: bytes | Path
    """The file as it was sent, or where it is."""

    request_id: str
    """Id of the request."""

    caller: str | None
    """Who asked, where callers are known."""


class Observer(Protocol):
    """Is told of each answer before it is given."""

    def answered(self, answered: Answered) -> None:
        """Take note, in a thread that works for requests.

        Raises
        ------
        CovidXrayError
            If the answer must not be given without the note.
        """
        ...
