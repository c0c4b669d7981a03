"""The Open Inference Protocol: another door to the same models; see `inference_protocol`.

Not in the API description: the protocol has its own.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import __version__
from covidxray_api.api import inference_protocol as protocol
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.admission import Upload, UploadRoute
from covidxray_api.api.inference import NAME, answering, screening_all
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared
from covidxray_api.rendering.renderer import Context
from covidxray_api.screening.screener import Screener

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
    return protocol.metadata(await answering(shared.service, name, version))


@models.get("/models/{name}/ready")
@models.get("/models/{name}/versions/{version}/ready")
async def is_model_ready(
    name: str, shared: Shared, _: RequestId, version: str | None = None
) -> dict[str, Any]:
    """Answer if a model can be asked; one that is not loaded is, when it is asked first."""
    shared.service.check_ready()
    await answering(shared.service, name, version)
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
    stored = await answering(shared.service, name, version)
    length = request.headers.get(protocol.HEADER_LENGTH)
    body, most = await upload.read(), shared.settings.batch_max_files
    asked = await asyncio.to_thread(protocol.parse, body, length, most)
    context = Context(language, request_id, datetime.now(UTC), None)
    screen = screening_all(asked, name, context, lambda found, data, _: upload.tell(found, data))

    def work(screener: Screener) -> bytes:
        return json.dumps(protocol.answer(asked, stored, screen(screener))).encode()

    content = await upload.run(work, name)
    bind_contextvars(model=name, files=len(asked.images))
    return Response(content, media_type="application/json")
