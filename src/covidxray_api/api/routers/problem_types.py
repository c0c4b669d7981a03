"""What a type of problem means, for whoever follows its link."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request

from covidxray_api.api.access_log import RequestId
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.problems import STATUS, Problem, describe
from covidxray_api.api.routes import StrictRoute

router = APIRouter(tags=["problems"], route_class=StrictRoute)


@router.get("/problems/{slug}", response_model_exclude_none=True)
async def problem(slug: str, request: Request, _: RequestId, language: AnswerLanguage) -> Problem:
    """Explain a type of problem."""
    if slug not in STATUS:
        raise HTTPException(404)
    return describe(slug, language, request.scope.get("root_path", ""))
