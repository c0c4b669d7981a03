"""What the routes of one application share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from covidxray_api.access.allowance import Allowance
from covidxray_api.access.control import AccessControl
from covidxray_api.api.jobs import ServiceJobs
from covidxray_api.api.records import ServiceRecords
from covidxray_api.api.results import ServiceResults
from covidxray_api.rendering.registry import RENDERERS, Renderers
from covidxray_api.serving.capacity import CapacityLimiter
from covidxray_api.serving.change import ModelChange
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import Settings


@dataclass(frozen=True, slots=True)
class State:
    """What the routes of one application share."""

    settings: Settings
    """Every knob."""

    service: ScreeningService
    """Screens."""

    change: ModelChange
    """Changes the models while the service runs."""

    records: ServiceRecords
    """Keep feedback, and record screenings."""

    results: ServiceResults
    """Keep DICOM results, and the worklist."""

    access: AccessControl
    """Knows who may call."""

    allowance: Allowance
    """Bounds what one client asks."""

    batches: CapacityLimiter
    """Bounds the requests for several radiographs."""

    jobs: ServiceJobs
    """Take radiographs that are answered later."""

    renderers: Renderers = RENDERERS
    """Draw answers."""

    def keep_in(self, app: FastAPI) -> None:
        """Let the routes of an application find this."""
        app.state.shared = self


def state_of(request: Request) -> State:
    """Return what the routes of the application that serves a request share."""
    state: State = request.app.state.shared
    return state


async def _shared(request: Request) -> State:
    return state_of(request)


Shared = Annotated[State, Depends(_shared)]
"""What the routes share, as the parameter of one."""
