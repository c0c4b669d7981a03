"""DICOMweb, retrieving (WADO-RS): results as pictures, and their pixels.

Not in the API description: the protocol has its own (PS3.18, section 10.4; docs/conformance.md).
"""

from __future__ import annotations

import asyncio
from itertools import chain

from fastapi import APIRouter, Request, Response

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import accepted, negotiate_media_type
from covidxray_api.api.places import INSTANCE, SERIES, STUDY, Place, uids_in
from covidxray_api.api.related import RELATED, AnswerPart, related
from covidxray_api.api.results import studies_url
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State
from covidxray_api.errors import UnknownResult

OCTETS = "application/octet-stream"

router = APIRouter(include_in_schema=False, route_class=StrictRoute.needing("results"))


@router.get(INSTANCE + "/rendered")
@router.get(INSTANCE + "/frames/{frames}/rendered")
async def retrieve_rendered(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Show a result: a picture as PNG or JPEG, a report as HTML."""
    (uid,) = await uids_in(shared, place)
    accept, frames = accepted(request), request.path_params.get("frames")

    def draw() -> tuple[bytes, str]:
        from covidxray_api.hospital.pixels import check_frames, read
        from covidxray_api.hospital.rendered import media_types, rendered

        one = read(shared.results.store.get(uid))
        if frames is not None:
            check_frames(one, frames)
        media_type = negotiate_media_type(accept, media_types(one))
        return rendered(one, media_type), media_type

    content, media_type = await asyncio.to_thread(draw)
    return Response(content, media_type=media_type, headers={"Vary": "Accept"})


@router.get(STUDY + "/rendered")
@router.get(SERIES + "/rendered")
async def retrieve_all_rendered(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Show the results of a study or a series, each as by default."""
    negotiate_media_type(accepted(request), [RELATED])
    uids = await uids_in(shared, place)

    def draw(uid: str) -> AnswerPart:
        from covidxray_api.hospital.pixels import read
        from covidxray_api.hospital.rendered import media_types, rendered

        one = read(shared.results.store.get(uid))
        media_type = media_types(one)[0]
        return AnswerPart(media_type, rendered(one, media_type))

    first = await asyncio.to_thread(draw, uids[0])
    return related(chain([first], map(draw, uids[1:])), first.media_type)


@router.get(INSTANCE + "/frames/{frames}")
async def retrieve_frames(request: Request, shared: Shared, place: Place, _: RequestId) -> Response:
    """Give frames of a result, uncompressed."""
    return await _pixels(request, shared, place, request.path_params["frames"])


@router.get(STUDY + "/bulkdata")
@router.get(SERIES + "/bulkdata")
@router.get(INSTANCE + "/bulkdata")
@router.get(INSTANCE + "/bulkdata/7FE00010")
async def retrieve_bulk_data(
    request: Request, shared: Shared, place: Place, _: RequestId
) -> Response:
    """Give the pixels of results, uncompressed, as metadata refer to them."""
    return await _pixels(request, shared, place, None)


async def _pixels(
    request: Request, shared: State, place: dict[str, str], frames: str | None
) -> Response:
    """Give the pixels of results that have any; of some frames, if any are named."""
    offered = [RELATED, OCTETS] if "instance" in place else [RELATED]
    media_type = negotiate_media_type(accepted(request), offered)
    uids, base = await uids_in(shared, place), studies_url(request)

    def find() -> list[AnswerPart]:
        from covidxray_api.hospital.pixels import bulk_data_url, frame, pixels, read

        found = []
        for one in (read(shared.results.store.get(uid)) for uid in uids):
            if data := pixels(one) if frames is None else frame(one, frames):
                found.append(AnswerPart(OCTETS, data, bulk_data_url(one, base)))
        return found

    found = await asyncio.to_thread(find)
    if not found:
        raise UnknownResult("pixels", study=place["study"])
    if media_type == OCTETS:
        return Response(found[0].data, media_type=OCTETS)
    return related(found, OCTETS)
