"""The answer to a study, as it comes from the process that screened its films."""

from __future__ import annotations

from dataclasses import dataclass

from covidxray_api.hospital.node.films import KeptFilm
from covidxray_api.hospital.node.ledger import Made
from covidxray_api.screening.screening import Screening


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """What became of the films of a study, and what is made of them."""

    request_id: str
    """Names it in logs and records."""

    screened: tuple[tuple[KeptFilm, Screening], ...]
    unreadable: tuple[tuple[KeptFilm, str], ...]
    """Films that cannot be read, and the code of the problem."""

    made: tuple[Made, ...]
    """What is to be sent; nothing if no film was screened."""
