"""DICOMweb, storing (STOW-RS): films come in, and are screened.

Not in the API description: the protocol has its own (PS3.18, section 10.5; docs/conformance.md).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response
from structlog.contextvars import bind_contextvars

from covidxray_api.api.access_log import RequestId, numbered
from covidxray_api.api.form import Part
from covidxray_api.api.instances import JSON, XML, Instances, InstancesRoute
from covidxray_api.api.negotiation import VARY, AnswerLanguage, accepted, negotiate_media_type
from covidxray_api.api.outcomes import outcome
from covidxray_api.api.results import Study, studies_url
from covidxray_api.api.state import Shared
from covidxray_api.api.upload import content_of
from covidxray_api.decoding import Limits
from covidxray_api.errors import (
    CovidXrayError,
    DeadlineExceeded,
    InvalidRequest,
    NotReady,
    Overloaded,
)
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener
from covidxray_api.texts.problems import detail

MOST_WARNINGS = 16
"""Failures that the headers of an answer explain in words."""

BUSY = (Overloaded, NotReady, DeadlineExceeded)
"""Why nothing could be screened now that could be later."""

log = structlog.get_logger()

router = APIRouter(include_in_schema=False, route_class=InstancesRoute.needing("predict"))


@router.post("/dicomweb/studies")
async def store_instances(
    request: Request,
    shared: Shared,
    instances: Instances,
    language: AnswerLanguage,
    name: RequestId,
) -> Response:
    """Screen films, and keep what is answered; see `store_instances_of_study`."""
    return await store_instances_of_study(request, shared, instances, language, name, None)


@router.post("/dicomweb/studies/{study}")
async def store_instances_of_study(
    request: Request,
    shared: Shared,
    instances: Instances,
    language: AnswerLanguage,
    name: RequestId,
    study: Study | None,
) -> Response:
    """Screen films of one study, and keep what is answered.

    One instance never costs another its answer.
    """
    from covidxray_api.hospital.answering import answer
    from covidxray_api.hospital.image_reference import ImageReference
    from covidxray_api.hospital.native_xml import to_xml
    from covidxray_api.hospital.store_response import Stored, store_response

    media_type = negotiate_media_type(accepted(request), [JSON, XML])
    limits = Limits.of(shared.settings)
    bind_contextvars(files=len(instances.files))

    async def screened(index: int, part: Part) -> Stored:
        reference: ImageReference | None = None
        said = numbered(name, index)

        async def kept() -> None:
            nonlocal reference
            data, part.data = await asyncio.to_thread(content_of, part), bytearray()
            placed = reference = ImageReference.read(data, limits)
            if study and placed.study != study:
                raise InvalidRequest("other_study")

            def work(screener: Screener) -> None:
                context = Context(language, said, datetime.now(UTC))
                film, objects = answer(screener, data, placed, context)
                instances.tell(film.screening, data, said)
                shared.results.store.add([film], objects, context.made, said)

            await instances.run(work, None)

        problem = await outcome(kept())
        if problem:
            log.info("not screened", part=index, problem=problem.code)
        return Stored(reference, problem)

    stored = [await screened(index, part) for index, part in enumerate(instances.files)]
    problems = [one.problem for one in stored if one.problem]
    if len(problems) == len(stored) and isinstance(problems[0], BUSY):
        raise problems[0]
    studies = {one.reference.study for one in stored if one.reference}
    base = studies_url(request)
    response = store_response(stored, f"{base}/{studies.pop()}" if len(studies) == 1 else None)
    content = response.to_json() if media_type == JSON else to_xml(response.to_json_dict())
    status = 200 if not problems else 409 if len(problems) == len(stored) else 202
    answered = Response(content, status, media_type=media_type)
    answered.headers["Content-Language"], answered.headers["Vary"] = language, VARY
    for index, one in enumerate(stored):
        if one.problem and len(answered.headers.getlist("warning")) < MOST_WARNINGS:
            answered.headers.append("Warning", _warning(index, one.problem))
    return answered


def _warning(index: int, problem: CovidXrayError) -> str:
    """Return why an instance was not screened, as a warning of HTTP (RFC 7234, section 5.5)."""
    said = detail(problem, "en").encode("ascii", "replace").decode().replace('"', "'")
    return f'299 covidxray "part {index}: {problem.code}: {" ".join(said.split())}"'
