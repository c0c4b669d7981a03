"""The stored models."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from covidxray_api import errors
from covidxray_api.api import problems
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared
from covidxray_api.rendering import json as rendering
from covidxray_api.rendering import schemas

router = APIRouter(tags=["models"], route_class=StrictRoute.needing("predict"))


@router.get("/models", responses=problems.documented(errors.NotReady, *REFUSALS))
async def list_models(
    shared: Shared,
    _: RequestId,
    evidence: Annotated[
        bool,
        Query(description="Whether `training` and `metrics` are told; both are empty otherwise."),
    ] = True,
) -> schemas.ModelList:
    """List the stored models with their labels, origin and measured figures."""
    registry = await shared.service.models()
    stored = registry.stored()
    # Evidence is read from files.
    return await asyncio.to_thread(
        lambda: schemas.ModelList(
            models=[rendering.description(model, registry.default, evidence) for model in stored]
        )
    )
