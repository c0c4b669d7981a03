"""What is read first."""

from __future__ import annotations

from enum import IntEnum

from covidxray_api.screening.screening import Screening
from covidxray_api.texts.codes import PRIORITIES

COVID_19 = "covid_19"
NORMAL = "normal"


class Priority(IntEnum):
    """How urgent it is that somebody reads a study; the smallest first."""

    COVID_19 = 1
    """The answer is COVID-19, and conclusive."""

    UNCERTAIN = 2
    """The answer is not conclusive."""

    OTHER_PNEUMONIA = 3
    """Another pneumonia is the answer, and conclusive."""

    NOT_ASSESSED = 4
    """The image was refused: nothing is known of it."""

    NO_SIGN = 5
    """No sign of the pneumonias that are looked for: the study still has to be read."""

    @property
    def code(self) -> str:
        """Stable name in answers, which has a text."""
        return PRIORITIES[self - 1]


def priority(screening: Screening) -> Priority:
    """Return how urgent an answer is."""
    decision = screening.decision
    if decision is None:
        return Priority.NOT_ASSESSED
    if not decision.conclusive:
        return Priority.UNCERTAIN
    if decision.label.code == COVID_19:
        return Priority.COVID_19
    return Priority.NO_SIGN if decision.label.code == NORMAL else Priority.OTHER_PNEUMONIA
