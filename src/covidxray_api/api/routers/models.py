"""The stored models."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from covidxray_api import errors
from covidxray_api.api import problems
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.answers import JSON
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.conditional import NOT_MODIFIED, answer_unless_held
from covidxray_api.api.negotiation import accepted, negotiate_media_type
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared
from covidxray_api.rendering import json as rendering
from covidxray_api.rendering import schemas

MARKDOWN = "text/markdown"

CARD: dict[str, Any] = {
    "description": "The card as text, or what it is made of as JSON.",
    "content": {
        MARKDOWN: {
            "schema": {"type": "string"},
            "example": "# multi-source 4\n\n## Known limits\n",
        }
    },
}

router = APIRouter(tags=["models"], route_class=StrictRoute.needing("predict"))


@router.get(
    "/models",
    response_model=schemas.ModelList,
    responses=NOT_MODIFIED | problems.documented(errors.NotReady, *REFUSALS),
)
async def list_models(
    request: Request,
    shared: Shared,
    _: RequestId,
    evidence: Annotated[
        bool,
        Query(description="Whether `training` and `metrics` are told; both are empty otherwise."),
    ] = True,
) -> Response:
    """List the stored models with their labels, origin and measured figures."""
    registry = await shared.service.models()
    stored = registry.stored()
    # Evidence is read from files.
    listed = await asyncio.to_thread(
        lambda: schemas.ModelList(
            models=[rendering.description(model, registry.default, evidence) for model in stored]
        )
    )
    return answer_unless_held(request, listed.model_dump_json(), JSON)


@router.get(
    "/models/{name}/card",
    response_model=schemas.ModelDescription,
    responses={200: CARD}
    | NOT_MODIFIED
    | problems.documented(errors.UnknownModel, errors.NotAcceptable, errors.NotReady, *REFUSALS),
)
async def model_card(
    request: Request,
    shared: Shared,
    _: RequestId,
    name: Annotated[str, Path(description="Name of the model.", examples=["multi-source"])],
) -> Response:
    """Return the model card of the version that answers, in English.

    It is Markdown, or with `Accept: application/json` what `/models` states of the model; a model
    that was stored without a card has the latter alone.
    """
    registry = await shared.service.models()
    stored = registry.find(name)
    card = await asyncio.to_thread(lambda: stored.card)
    offered = [JSON] if card is None else [MARKDOWN, JSON]
    media_type = negotiate_media_type(accepted(request), offered)
    if card is None or media_type == JSON:
        described = await asyncio.to_thread(rendering.description, stored, registry.default)
        answer = answer_unless_held(request, described.model_dump_json(), JSON)
    else:
        answer = answer_unless_held(request, card, MARKDOWN)
    # What the evidence says is in English in both.
    answer.headers["Content-Language"] = "en"
    answer.headers["Vary"] = "Accept"
    return answer
