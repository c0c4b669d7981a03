"""Clinicians say what they think of an answer."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
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
    responses={
        200: {"model": schemas.KeptFeedback, "description": "It had been kept"},
        **problems.documented(
            errors.InvalidRequest,
            errors.UnknownModel,
            errors.UnknownScreening,
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
    },
)
async def give_feedback(
    said: schemas.Feedback, shared: Shared, response: Response, _: RequestId
) -> schemas.KeptFeedback:
    """Keep what a clinician thinks of an answer.

    The latest opinion of an answer counts, and says which earlier one it replaces; the same opinion
    again is kept once, and answered 200. Where screenings are recorded, the answer must be among
    them. Write nothing into `comment` by which a patient is known.
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

    about = await asyncio.to_thread(models.find, opinion.model, opinion.model_version)
    kept = await shared.records.keep(opinion, about.manifest)
    if kept.new:
        shared.service.metrics.feedback(said.model.name, said.opinion)
    else:
        response.status_code = 200
    bind_contextvars(model=said.model.name, opinion=said.opinion)
    return schemas.KeptFeedback(id=kept.id, request_id=said.request_id, replaces=kept.replaces)
