"""What a type of problem means, for whoever follows its link."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.problems import MEDIA_TYPE, SCHEMA, STATUS, Problem, describe
from covidxray_api.api.routes import StrictRoute

UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such type", "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
}

router = APIRouter(tags=["problems"], route_class=StrictRoute)


@router.get("/problems/{slug}", response_model_exclude_none=True, responses=UNKNOWN)
async def get_problem_type(
    slug: Annotated[str, Path(description="Last part of `type`.", examples=["overloaded"])],
    request: Request,
    _: RequestId,
    language: AnswerLanguage,
) -> Problem:
    """Explain a type of problem."""
    if slug not in STATUS:
        raise HTTPException(404)
    return describe(slug, language, request.scope.get("root_path", ""))
