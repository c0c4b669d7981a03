"""Several radiographs in one request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from structlog.contextvars import bind_contextvars

from covidxray_api.api import schemas
from covidxray_api.api.access_log import RequestId, numbered
from covidxray_api.api.batch import BatchRoute, Files
from covidxray_api.api.form import Part
from covidxray_api.api.negotiation import VARY, AnswerLanguage, accepted, negotiate_media_type
from covidxray_api.api.outcomes import batch_answer, outcome
from covidxray_api.api.parameters import Gate, ModelName, PointName, Prevalence, Reference
from covidxray_api.api.problems import documented
from covidxray_api.api.routers.screening import MODEL_ERRORS, UPLOAD_ERRORS
from covidxray_api.api.upload import content_of
from covidxray_api.rendering.json import prediction
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.schemas import Prediction
from covidxray_api.screening.screener import Screener
from covidxray_api.serving.jobs import ClientGone

JSON, NDJSON = "application/json", "application/x-ndjson"

LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"$ref": "#/components/schemas/BatchAnswer"}}}}
}

router = APIRouter(tags=["screening"], route_class=BatchRoute.needing("predict"))


@dataclass(frozen=True, slots=True)
class _Answering:
    media_type: str
    context: Context


async def _answering(
    request: Request,
    request_id: RequestId,
    language: AnswerLanguage,
    reference: Reference = None,
) -> _Answering:
    media_type = negotiate_media_type(accepted(request), [JSON, NDJSON])
    return _Answering(media_type, Context(language, request_id, datetime.now(UTC), reference))


@router.post(
    "/predict/batch",
    response_model=schemas.Batch,
    responses=LINES | documented(*MODEL_ERRORS, *UPLOAD_ERRORS),
)
async def predict_batch(
    request: Request,
    answering: Annotated[_Answering, Depends(_answering)],
    batch: Files,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
    gate: Gate = None,
) -> Response:
    """Screen several radiographs, with an answer or a problem for each, in the order of the form.

    One file never costs another its answer. With `Accept: application/x-ndjson` each answer is a
    line of its own, sent as soon as it is there. The parameters hold for all files.
    """
    bind_contextvars(files=len(batch.files))

    whole, prefix = answering.context, request.scope["root_path"]

    async def answered(index: int, part: Part) -> Prediction:
        data, part.data = content_of(part), bytearray()
        context = replace(whole, request_id=numbered(whole.request_id, index))

        def work(screener: Screener) -> Prediction:
            found = screener.screen(data, model, operating_point, prevalence, gate)
            said = prediction(found, context)
            batch.tell(found, data, context.request_id)
            return said

        return await batch.run(work, model)

    async def answers() -> AsyncIterator[schemas.BatchAnswer]:
        for index, part in enumerate(batch.files):
            came = await outcome(answered(index, part))
            yield batch_answer(index, part.filename, came, whole, prefix)

    headers = {"Content-Language": whole.language, "Vary": VARY}
    if answering.media_type == NDJSON:
        lines = (f"{answer.model_dump_json()}\n" async for answer in answers())
        return StreamingResponse(lines, media_type=NDJSON, headers=headers)
    found = []
    async for answer in answers():
        if await request.is_disconnected():
            raise ClientGone
        found.append(answer)
    all_of_them = schemas.Batch(request_id=whole.request_id, answers=found)
    return Response(all_of_them.model_dump_json(), media_type=JSON, headers=headers)
