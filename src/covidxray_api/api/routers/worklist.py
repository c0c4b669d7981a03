"""What is to be read first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Request

from covidxray_api import errors
from covidxray_api.api import problems, schemas
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.results import Study
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared
from covidxray_api.texts import message

router = APIRouter(tags=["worklist"], route_class=StrictRoute.needing("results"))

FAULTS = (errors.InvalidRequest, errors.ResultsUnavailable, *REFUSALS)


@router.get("/worklist", responses=problems.documented(*FAULTS))
async def get_worklist(
    request: Request, shared: Shared, language: AnswerLanguage, _: RequestId
) -> schemas.Worklist:
    """List the studies that came as DICOM and were screened, what is urgent first.

    A conclusive COVID-19 comes first, then what is not conclusive, another pneumonia, what was not
    assessed, and last what shows no sign of them: all have to be read. Studies leave the list with
    their results, after `COVIDXRAY_RESULTS_HOURS`.
    """
    entries = await asyncio.to_thread(lambda: shared.results.store.worklist.entries())
    prefix = request.scope.get("root_path", "")
    return schemas.Worklist(
        studies=[
            schemas.WorklistStudy(
                study_instance_uid=entry.study,
                priority=schemas.Priority(
                    code=entry.priority.code, message=message(entry.priority.code, language)
                ),
                films=entry.films,
                received_at=entry.received,
                read_at=entry.read_at,
                request_ids=list(entry.request_ids),
                pictures=[
                    f"{prefix}/dicomweb/studies/{entry.study}/series/{series}"
                    f"/instances/{instance}/rendered"
                    for series, instance in entry.pictures
                ],
            )
            for entry in entries
        ],
        notice=message("notice", language),
    )


@router.post(
    "/worklist/{study}/read",
    status_code=204,
    responses=problems.documented(errors.UnknownResult, *FAULTS),
)
async def mark_read(study: Study, shared: Shared, _: RequestId) -> None:
    """Mark a study as read; a film of it that comes later makes it unread."""
    now = datetime.now(UTC)
    await asyncio.to_thread(lambda: shared.results.store.worklist.mark_read(study, now))


@router.delete(
    "/worklist/{study}/read",
    status_code=204,
    responses=problems.documented(errors.UnknownResult, *FAULTS),
)
async def mark_unread(study: Study, shared: Shared, _: RequestId) -> None:
    """Mark a study as unread again."""
    await asyncio.to_thread(lambda: shared.results.store.worklist.mark_read(study, None))
