"""DICOMweb, retrieving (WADO-RS): results that the service made, and what is said of them.

Not in the API description: the protocol has its own (PS3.18, section 10.4; docs/conformance.md).
The films themselves are not kept.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import accepted, negotiate_media_type
from covidxray_api.api.places import INSTANCE, SERIES, STUDY, Place, uids_in
from covidxray_api.api.related import RELATED, AnswerPart, related
from covidxray_api.api.results import studies_url
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared

DICOM, JSON, XML = "application/dicom", "application/dicom+json", "application/dicom+xml"

router = APIRouter(include_in_schema=False, route_class=StrictRoute.needing("results"))


@router.get(STUDY)
@router.get(SERIES)
@router.get(INSTANCE)
async def retrieve(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Give the results of a study, of a series, or one."""
    uids = await uids_in(shared, place)
    offered = [RELATED, DICOM] if "instance" in place else [RELATED]
    media_type = negotiate_media_type(accepted(request), offered)
    store = shared.results.store
    if media_type == DICOM:
        return Response(await asyncio.to_thread(store.get, uids[0]), media_type=DICOM)
    return related((AnswerPart(DICOM, store.get(uid)) for uid in uids), DICOM)


@router.get(STUDY + "/metadata")
@router.get(SERIES + "/metadata")
@router.get(INSTANCE + "/metadata")
async def retrieve_metadata(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Give all of results but their pixels, as JSON or XML, and where those are."""
    media_type = negotiate_media_type(accepted(request), [JSON, "application/json", RELATED])
    uids, base = await uids_in(shared, place), studies_url(request)

    def read() -> list[dict[str, Any]]:
        from covidxray_api.hospital.pixels import metadata

        return [metadata(shared.results.store.get(uid), base) for uid in uids]

    found = await asyncio.to_thread(read)
    if media_type != RELATED:
        return JSONResponse(found, media_type=JSON)
    from covidxray_api.hospital.native_xml import to_xml

    return related((AnswerPart(XML, to_xml(one)) for one in found), XML)
