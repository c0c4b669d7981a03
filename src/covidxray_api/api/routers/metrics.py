"""The figures that operators watch."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Response

from covidxray_api.api import problems
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared

router = APIRouter(tags=["operations"], route_class=StrictRoute.needing("metrics"))


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems.documented(*REFUSALS),
    },
)
async def get_metrics(
    shared: Shared,
    _: RequestId,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Give the figures of all processes to Prometheus."""

    def read() -> tuple[bytes, str]:
        shared.records.refresh_drift(shared.service.model)
        shared.jobs.refresh_metrics()
        return shared.service.metrics.exposition(accept)

    content, media_type = await asyncio.to_thread(read)
    return Response(content, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
