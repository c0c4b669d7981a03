"""How the service is."""

from __future__ import annotations

from fastapi import APIRouter, Response

from covidxray_api import __version__, errors
from covidxray_api.api import problems, schemas
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State
from covidxray_api.rendering import json as rendering

router = APIRouter(prefix="/health", tags=["health"], route_class=StrictRoute)


@router.get("", responses={503: {"model": schemas.Health, "description": "It failed to start"}})
async def get_health(shared: Shared, response: Response, _: RequestId) -> schemas.Health:
    """Sum up how the service is: 503 where its default model cannot be loaded."""
    summed = _summed(shared)
    if summed.status == "failed":
        response.status_code = 503
    return summed


def _summed(shared: State) -> schemas.Health:
    service = shared.service
    return schemas.Health(
        status=service.status,
        ready=service.status == "ready" and not shared.records.refuses,
        version=__version__,
        model=rendering.identity(service.model) if service.model else None,
        records=shared.records.state,
        change=shared.change.outcome,
    )


@router.get("/live")
async def get_liveness(_: RequestId) -> schemas.Liveness:
    """Answer as long as the process runs."""
    return schemas.Liveness()


@router.get("/ready", responses=problems.documented(errors.NotReady, errors.RecordsUnavailable))
async def get_readiness(shared: Shared, _: RequestId) -> schemas.Health:
    """Answer 200 once the default model is loaded, verified and warm; 503 before.

    Also 503 while no radiograph is answered because its record could not be kept.
    """
    shared.service.check_ready()
    if shared.records.refuses:
        raise errors.RecordsUnavailable("required")
    return _summed(shared)
