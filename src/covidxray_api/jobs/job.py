"""What a job is: what was asked, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from covidxray_api.rendering.renderer import Context
from covidxray_api.settings import GateName
from covidxray_api.texts.language import Language

CallState = Literal["waiting", "delivered", "failed"]
"""Whether who asked has been told by a call that the job has ended."""


class Asked(BaseModel):
    """What is asked of each radiograph of a job; see `Screener.screen`."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    language: Language
    prefix: str
    """Path prefix under which the service was reached, for the types of problems."""
    reference: str | None
    model: str | None
    operating_point: str | None
    prevalence: float | None
    gate: GateName | None

    def context(self) -> Context:
        """Return what is stated beside answers that are made now."""
        return Context(self.language, self.request_id, datetime.now(UTC), self.reference)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file of a new job."""

    filename: str | None
    """As the form states it."""

    data: bytes
    """Its bytes; not kept where there is an answer already."""

    problem: str | None = None
    """The answer, as JSON, where it is known already that it cannot be read."""


@dataclass(frozen=True, slots=True)
class Film:
    """A file that this process screens."""

    job: str
    """Identifier of the job."""

    number: int
    """Place in the job, from 0."""

    filename: str | None
    """As the form stated it."""

    path: Path
    """Where its bytes are."""

    tries: int
    """How often it has been begun, this time included."""

    asked: Asked
    """What is asked of it."""

    caller: str | None
    """Who has handed it in, where callers are known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come."""

    id: str
    """Random identifier."""

    language: Language
    """Of its answers."""

    created_at: datetime
    """When it was handed in."""

    ended_at: datetime | None
    """When its last file was answered."""

    files: int
    """How many it has."""

    begun: int
    """How many are being screened."""

    answered: int
    """How many have an answer or a problem."""

    problems: int
    """How many of those have a problem."""

    call: CallState | None
    """Whether a call that it has ended was made; None if none was asked for."""


@dataclass(frozen=True, slots=True)
class OpenJobs:
    """Jobs that have not ended, of one state."""

    count: int = 0
    """How many there are."""

    oldest: float | None = None
    """When the oldest was handed in (Unix time); none if there is none."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done, in all jobs together."""

    queued: OpenJobs
    """Those of which nothing is begun or answered."""

    running: OpenJobs
    """The others."""

    films_waiting: int
    """Films that no process has begun."""

    films_running: int
    """Films that are being screened."""
