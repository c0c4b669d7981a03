"""DICOMweb, searching (QIDO-RS): results that the service made.

Not in the API description: the protocol has its own (PS3.18, section 10.6; docs/conformance.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import accepted, negotiate_media_type
from covidxray_api.api.places import SERIES, STUDY, Place
from covidxray_api.api.results import studies_url
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State

if TYPE_CHECKING:
    from covidxray_api.hospital.search import Level

JSON = "application/dicom+json"


class SearchRoute(StrictRoute):
    """A route whose query parameters are attributes of DICOM, checked by the search itself."""

    def check_parameters(self, names: Sequence[str]) -> None:
        """Leave them to the search."""


router = APIRouter(include_in_schema=False, route_class=SearchRoute.needing("results"))


@router.get("/dicomweb/studies")
async def search_studies(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Search studies that have results."""
    return await _found(request, shared, "studies", place)


@router.get("/dicomweb/series")
@router.get(STUDY + "/series")
async def search_series(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Search series of results."""
    return await _found(request, shared, "series", place)


@router.get("/dicomweb/instances")
@router.get(STUDY + "/instances")
@router.get(SERIES + "/instances")
async def search_instances(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Search results."""
    return await _found(request, shared, "instances", place)


async def _found(request: Request, shared: State, level: Level, place: dict[str, str]) -> Response:
    """Answer a search, within a study or a series."""
    negotiate_media_type(accepted(request), [JSON, "application/json"])
    parameters, base = request.query_params.multi_items(), studies_url(request)

    def find() -> tuple[list[dict[str, object]], tuple[str, ...]]:
        from covidxray_api.hospital.search import Search

        search = Search.of(level, parameters, place)
        return search.answered(shared.results.store, base)

    found, warnings = await asyncio.to_thread(find)
    answer = JSONResponse(found, media_type=JSON) if found else Response(status_code=204)
    for warning in warnings:
        answer.headers.append("Warning", f'299 covidxray "{warning}"')
    return answer
