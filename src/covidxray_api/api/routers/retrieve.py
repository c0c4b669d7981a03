"""DICOMweb, searching and retrieving (QIDO-RS, WADO-RS): results that the service made.

Not in the API description: the protocol has its own (PS3.18, sections 10.4 and 10.6;
docs/conformance.md). The films themselves are not kept.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import accepted, negotiate_media_type
from covidxray_api.api.results import UID, studies_url
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State
from covidxray_api.errors import InvalidRequest, UnknownResult

if TYPE_CHECKING:
    from covidxray_api.hospital.search import Level

DICOM, JSON, RELATED = "application/dicom", "application/dicom+json", "multipart/related"


class SearchRoute(StrictRoute):
    """A route whose query parameters are attributes of DICOM, checked by the search itself."""

    def check_parameters(self, names: Sequence[str]) -> None:
        """Leave them to the search."""


async def _place(request: Request) -> dict[str, str]:
    """Return the UIDs of the path, by `study`, `series` and `instance`."""
    for name, uid in request.path_params.items():
        if not re.fullmatch(UID, uid):
            raise InvalidRequest("parameters", faults=f"{name}: {uid!r} is no UID")
    return request.path_params


Place = Annotated[dict[str, str], Depends(_place)]

search = APIRouter(include_in_schema=False, route_class=SearchRoute.needing("results"))
router = APIRouter(include_in_schema=False, route_class=StrictRoute.needing("results"))

STUDY = "/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"


@search.get("/dicomweb/studies")
async def search_studies(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Search studies that have results."""
    return await _found(request, shared, "studies", place)


@search.get("/dicomweb/series")
@search.get(STUDY + "/series")
async def search_series(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Search series of results."""
    return await _found(request, shared, "series", place)


@search.get("/dicomweb/instances")
@search.get(STUDY + "/instances")
@search.get(SERIES + "/instances")
async def search_instances(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Search results."""
    return await _found(request, shared, "instances", place)


@router.get(STUDY)
@router.get(SERIES)
@router.get(INSTANCE)
async def retrieve(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Give the results of a study, of a series, or one."""
    uids = await _uids(shared, place)
    offered = [RELATED, DICOM] if "instance" in place else [RELATED]
    media_type = negotiate_media_type(accepted(request), offered)
    store = shared.results.store
    if media_type == DICOM:
        return Response(await asyncio.to_thread(store.get, uids[0]), media_type=DICOM)
    boundary = uuid.uuid4().hex

    async def parts() -> AsyncIterator[bytes]:
        for uid in uids:
            data = await asyncio.to_thread(store.get, uid)
            yield f"--{boundary}\r\nContent-Type: {DICOM}\r\n\r\n".encode() + data + b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    content_type = f'{RELATED}; type="{DICOM}"; boundary={boundary}'
    return StreamingResponse(parts(), headers={"Content-Type": content_type})


@router.get(STUDY + "/metadata")
@router.get(SERIES + "/metadata")
@router.get(INSTANCE + "/metadata")
async def retrieve_metadata(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Give all of results but their pixels, in the DICOM JSON model."""
    negotiate_media_type(accepted(request), [JSON, "application/json"])
    uids = await _uids(shared, place)

    def read() -> list[dict[str, Any]]:
        from covidxray_api.hospital.rendered import read

        found = (read(shared.results.store.get(uid), pixels=False) for uid in uids)
        return [one.to_json_dict() for one in found]

    return _json(await asyncio.to_thread(read))


@router.get(INSTANCE + "/rendered")
async def retrieve_rendered(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Show a result: a picture as PNG or JPEG, a report as HTML."""
    (uid,) = await _uids(shared, place)
    accept = accepted(request)

    def draw() -> tuple[bytes, str]:
        from covidxray_api.hospital.rendered import media_types, read, rendered

        one = read(shared.results.store.get(uid))
        media_type = negotiate_media_type(accept, media_types(one))
        return rendered(one, media_type), media_type

    content, media_type = await asyncio.to_thread(draw)
    return Response(content, media_type=media_type, headers={"Vary": "Accept"})


async def _found(request: Request, shared: State, level: Level, place: dict[str, str]) -> Response:
    """Answer a search, within a study or a series."""
    negotiate_media_type(accepted(request), [JSON, "application/json"])
    parameters, base = request.query_params.multi_items(), studies_url(request)

    def find() -> list[dict[str, Any]]:
        from covidxray_api.hospital.search import matches, wanted

        store = shared.results.store
        patterns, offset, limit = wanted(parameters)
        found = matches(store.find(**{**patterns, **place}), level, base)
        return found[offset : offset + limit]

    found = await asyncio.to_thread(find)
    return _json(found) if found else Response(status_code=204)


async def _uids(shared: State, place: dict[str, str]) -> list[str]:
    """Return the SOP Instance UIDs of results in a place.

    Raises
    ------
    UnknownResult
        If there is none.
    """

    def find() -> list[str]:
        found = shared.results.store.find(**place)
        return [str(one.SOPInstanceUID) for one in found]

    uids = await asyncio.to_thread(find)
    if not uids:
        raise UnknownResult(study=place["study"])
    return uids


def _json(found: list[dict[str, Any]]) -> Response:
    return Response(json.dumps(found), media_type=JSON)
