"""What the service has done, for those who answer for it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from covidxray_api import errors
from covidxray_api.api import problems, schemas
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State

MOST = 200
"""Most screenings of one page."""

MOMENT = "2026-01-31T12:00:00Z"

LARGEST = 2**63 - 1
"""Largest number that a database knows."""

router = APIRouter(tags=["records"], route_class=StrictRoute.needing("admin"))

FAULTS = (errors.InvalidRequest, errors.RecordsUnavailable, *REFUSALS)

Number = Annotated[
    int, Path(ge=1, le=LARGEST, description="Number of the screening.", examples=[42])
]


@router.get("/screenings", responses=problems.documented(*FAULTS))
async def list_screenings(
    shared: Shared,
    _: RequestId,
    since: Annotated[
        AwareDatetime | None,
        Query(description="Answered then or later, with time zone.", examples=[MOMENT]),
    ] = None,
    until: Annotated[
        AwareDatetime | None,
        Query(description="Answered before, with time zone.", examples=[MOMENT]),
    ] = None,
    request_id: Annotated[
        str | None, Query(description="Of this request.", examples=["ward-3.42"])
    ] = None,
    caller: Annotated[
        str | None, Query(description="Of this caller.", examples=["key:ward-3"])
    ] = None,
    model: Annotated[str | None, Query(description="By this model.", examples=["seed-cnn"])] = None,
    model_version: Annotated[
        str | None, Query(description="In this version.", examples=["3"])
    ] = None,
    predicted_label: Annotated[
        str | None, Query(description="Answered so.", examples=["normal"])
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST, description="Most of the page.", examples=[50])
    ] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=LARGEST, description="`next` of the page before.", examples=[42])
    ] = None,
) -> schemas.ScreeningPage:
    """List recorded screenings, the latest first, each with the latest opinion of it."""
    from covidxray_api.records.screenings import Filter

    wanted = Filter(since, until, request_id, caller, model, model_version, predicted_label)

    def read() -> list[dict[str, Any]]:
        return _joined(shared, shared.records.screenings.page(wanted, limit + 1, before))

    found = await asyncio.to_thread(read)
    listed = [schemas.RecordedScreening(**_fields(it)) for it in found[:limit]]
    return schemas.ScreeningPage(
        screenings=listed, next=listed[-1].number if len(found) > limit else None
    )


@router.get("/screenings/{number}", responses=problems.documented(errors.UnknownScreening, *FAULTS))
async def get_screening(number: Number, shared: Shared, _: RequestId) -> schemas.RecordedScreening:
    """Give the record of one screening, with the latest opinion of it."""

    def read() -> dict[str, Any]:
        return _joined(shared, [shared.records.screenings.get(number)])[0]

    return schemas.RecordedScreening(**_fields(await asyncio.to_thread(read)))


@router.delete(
    "/screenings/{number}",
    status_code=204,
    responses=problems.documented(errors.UnknownScreening, *FAULTS),
)
async def erase_screening(number: Number, shared: Shared, _: RequestId) -> None:
    """Erase the record of one screening, and the opinions of it.

    That there was one, and when, remains, and that it was erased.
    """
    await asyncio.to_thread(lambda: shared.records.screenings.erase(number))


@router.get("/feedback/summary", responses=problems.documented(*FAULTS))
async def get_feedback_summary(shared: Shared, _: RequestId) -> schemas.FeedbackSummary:
    """Sum up how far clinicians agree, by version of a model.

    Opinions are given of some answers and not of others: this is no accuracy.
    """
    found = await asyncio.to_thread(lambda: shared.records.opinions.agreement())
    return schemas.FeedbackSummary(
        models=[
            schemas.Agreement(
                model=it.model,
                model_version=it.model_version,
                agree=it.agree,
                disagree=it.disagree,
                not_sure=it.not_sure,
                agreement=it.share,
                interval=it.interval,
            )
            for it in found
        ]
    )


@router.get("/drift", responses=problems.documented(errors.NotReady, *FAULTS))
async def get_drift(shared: Shared, _: RequestId) -> schemas.DriftReport:
    """Compare the latest 500 recorded screenings with what the default model was measured on.

    The reference has no COVID-19: where many patients have it, the score shifts for that reason.
    """
    shared.service.check_ready()
    model = shared.service.model
    if model is None:
        raise errors.NotReady("starting")
    found = await asyncio.to_thread(shared.records.drifts, model)
    return schemas.DriftReport(
        model=model.manifest.name,
        model_version=model.manifest.version,
        measures=[schemas.Drift(**asdict(it)) for it in found],
    )


def _joined(shared: State, screenings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the latest opinion of each screening."""
    opinions = shared.records.opinions.of([it["request_id"] for it in screenings])
    return [it | {"feedback": opinions.get(it["request_id"])} for it in screenings]


def _fields(recorded: dict[str, Any]) -> dict[str, Any]:
    """Return what the API tells of a record."""
    said = recorded["feedback"]
    known = schemas.GivenFeedback.model_fields
    given = {name: said[name] for name in known} if said else None
    return {name: recorded[name] for name in schemas.RecordedScreening.model_fields} | {
        "feedback": given
    }
