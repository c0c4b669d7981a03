"""Clinicians say what they think of an answer."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api import problems, schemas
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.routes import SmallBodyRoute
from covidxray_api.api.state import Shared
from covidxray_api.records.feedback import Feedback

router = APIRouter(tags=["feedback"], route_class=SmallBodyRoute.needing("feedback"))


@router.post(
    "/feedback",
    status_code=201,
    responses=problems.documented(
        errors.InvalidRequest,
        errors.UnknownModel,
        errors.UnknownLabel,
        errors.ContradictoryFeedback,
        errors.BodyTooLarge,
        errors.CovidXrayError,
        errors.CorruptArtefact,
        errors.RecordsUnavailable,
        errors.NotReady,
        errors.UploadTooSlow,
        *REFUSALS,
    ),
)
async def give_feedback(
    said: schemas.Feedback, shared: Shared, _: RequestId
) -> schemas.KeptFeedback:
    """Keep what a clinician thinks of an answer.

    Write nothing into `comment` by which a patient is known.
    """
    models = await shared.service.models()
    opinion = Feedback(
        request_id=said.request_id,
        model=said.model.name,
        model_version=said.model.version,
        predicted_label=said.predicted_label,
        opinion=said.opinion,
        corrected_label=said.corrected_label,
        comment=said.comment,
    )

    def keep() -> int:
        about = models.find(opinion.model, opinion.model_version)
        return shared.records.keep(opinion, about.manifest)

    number = await asyncio.to_thread(keep)
    shared.service.metrics.feedback(said.model.name, said.opinion)
    bind_contextvars(model=said.model.name, opinion=said.opinion)
    return schemas.KeptFeedback(id=number, request_id=said.request_id)
