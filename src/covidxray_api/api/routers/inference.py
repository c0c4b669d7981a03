"""The Open Inference Protocol: another door to the same models; see `inference_protocol`.

Not in the API description: the protocol has its own.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, ValidationError
from structlog.contextvars import bind_contextvars

from covidxray_api import __version__
from covidxray_api.api import inference_protocol as protocol
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.admission import Upload, UploadRoute
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared
from covidxray_api.errors import InvalidRequest, UnknownModel
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering.json import prediction
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.schemas import Prediction
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import GateName

NAME = "covidxray-api"


class _Parameters(BaseModel):
    """The parameters of `/predict`, as a request to infer states them."""

    operating_point: str | None = Field(default=None, min_length=1, max_length=100)
    prevalence: float | None = Field(default=None, gt=0, lt=1)
    gate: GateName | None = None


health = APIRouter(prefix="/v2", include_in_schema=False, route_class=StrictRoute)
models = APIRouter(
    prefix="/v2", include_in_schema=False, route_class=StrictRoute.needing("predict")
)
infer = APIRouter(prefix="/v2", include_in_schema=False, route_class=UploadRoute.needing("predict"))


@health.get("/health/live")
async def is_live(_: RequestId) -> dict[str, bool]:
    """Answer as long as the process runs."""
    return {"live": True}


@health.get("/health/ready")
async def is_ready(shared: Shared, _: RequestId) -> dict[str, bool]:
    """Answer once the default model is ready."""
    shared.service.check_ready()
    return {"ready": True}


@health.get("")
async def get_server(_: RequestId) -> dict[str, Any]:
    """Say what this is."""
    return {"name": NAME, "version": __version__, "extensions": []}


@models.get("/models/{name}")
@models.get("/models/{name}/versions/{version}")
async def get_model(
    name: str, shared: Shared, _: RequestId, version: str | None = None
) -> dict[str, Any]:
    """Say what a model takes and gives."""
    return protocol.metadata(*await _answering(shared, name, version))


@models.get("/models/{name}/ready")
@models.get("/models/{name}/versions/{version}/ready")
async def is_model_ready(
    name: str, shared: Shared, _: RequestId, version: str | None = None
) -> dict[str, Any]:
    """Answer if a model can be asked; one that is not loaded is, when it is asked first."""
    shared.service.check_ready()
    await _answering(shared, name, version)
    return {"name": name, "ready": True}


@infer.post("/models/{name}/infer")
@infer.post("/models/{name}/versions/{version}/infer")
async def infer_model(
    name: str,
    request: Request,
    upload: Upload,
    shared: Shared,
    request_id: RequestId,
    language: AnswerLanguage,
    version: str | None = None,
) -> Response:
    """Screen the images of a tensor."""
    stored, _ = await _answering(shared, name, version)
    length = request.headers.get(protocol.HEADER_LENGTH)
    body, most = await upload.read(), shared.settings.batch_max_files
    asked = await asyncio.to_thread(protocol.parse, body, length, most)
    parameters = _parameters(asked.parameters)
    context = Context(language, request_id, datetime.now(UTC), None)

    def work(screener: Screener) -> bytes:
        found: list[Prediction] = []
        for index, data in enumerate(asked.images):
            screening = screener.screen(data, name, **parameters)
            numbered = replace(context, request_id=f"{request_id[:120]}.{index}")
            found.append(prediction(screening, numbered))
            upload.tell(screening, data)
        return json.dumps(protocol.answer(asked, stored, found)).encode()

    content = await upload.run(work, name)
    bind_contextvars(model=name, files=len(asked.images))
    return Response(content, media_type="application/json")


async def _answering(
    shared: Shared, name: str, version: str | None
) -> tuple[StoredModel, tuple[str, ...]]:
    """Return a model and the versions of it that can be asked: the one that answers."""
    stored = (await shared.service.models()).find(name)
    answering = stored.manifest.version
    if version not in {None, answering}:
        raise UnknownModel("version", name=name, version=version, known=(answering,))
    return stored, (answering,)


def _parameters(stated: dict[str, Any]) -> dict[str, Any]:
    try:
        return _Parameters.model_validate(stated).model_dump()
    except ValidationError as error:
        faults = (f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise InvalidRequest("parameters", faults="; ".join(faults)) from error
