"""Jobs: several radiographs that are handed in now and answered later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api import schemas
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.batch import Files, JobRoute
from covidxray_api.api.negotiation import AnswerLanguage, accepted, negotiate_media_type
from covidxray_api.api.outcomes import batch_answer
from covidxray_api.api.parameters import Gate, ModelName, PointName, Prevalence, Reference
from covidxray_api.api.prefix import VERSION
from covidxray_api.api.problems import documented
from covidxray_api.api.routers.batch import JSON, LINES, NDJSON
from covidxray_api.api.routers.screening import MODEL_ERRORS, UPLOAD_ERRORS
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import Shared, State
from covidxray_api.api.unpacking import unpacked
from covidxray_api.archives import Contents
from covidxray_api.jobs.job import Asked, HandedIn, Progress
from covidxray_api.models.decision import find_operating_point

JOB_ERRORS = (errors.InvalidRequest, errors.UnknownJob, errors.JobsUnavailable, *REFUSALS)

Identifier = Annotated[
    str,
    Path(description="Identifier of the job.", examples=["0d2f6e3c5f7b4f0e9f6b6f0b2d7c9a11"]),
]
Webhook = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="Address that is called when the job has ended; the service's settings name"
        " the origins that may be.",
        examples=["https://ris.hospital.example/screened"],
    ),
]

handing_in = APIRouter(tags=["jobs"], route_class=JobRoute.needing("predict"))
handed_in = APIRouter(tags=["jobs"], route_class=StrictRoute.needing("predict"))


@handing_in.post(
    "/jobs",
    status_code=202,
    response_model=schemas.Job,
    responses=documented(*MODEL_ERRORS, *UPLOAD_ERRORS, *JOB_ERRORS),
)
async def create_job(
    request: Request,
    response: Response,
    shared: Shared,
    request_id: RequestId,
    language: AnswerLanguage,
    files: Files,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
    gate: Gate = None,
    webhook: Webhook = None,
    reference: Reference = None,
) -> schemas.Job:
    """Hand in several radiographs, to be screened later, also after a restart.

    Once this is answered, each file gets an answer or a problem as from `/predict/batch`, in the
    order of the form; `Location` says where. A ZIP, tar or tar.gz archive stands for the files
    that it holds, in their order. Uploads are kept on the server's disk until then. The
    parameters hold for all files.
    """
    stored = (await shared.service.models()).find(model)
    find_operating_point(stored.manifest, operating_point)
    if webhook is not None:
        # Not with the module: most services take no jobs.
        from covidxray_api.jobs.calls import check_address

        check_address(webhook, shared.settings.webhook_origins)
    asked = Asked(
        request_id=request_id,
        language=language,
        prefix=request.scope["root_path"],
        reference=reference,
        model=model,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
    )
    kept = _handed_in(unpacked(files.files, shared.settings), asked)
    caller = request.state.caller.name
    job = await shared.jobs.add(kept, asked, caller, webhook)
    progress = await asyncio.to_thread(shared.jobs.queue.progress, job, caller)
    bind_contextvars(job=job, files=progress.files)
    response.headers["Location"] = f"{asked.prefix}{VERSION}/jobs/{job}"
    return _said(shared, progress, [])


def _handed_in(files: Iterable[tuple[str | None, Contents]], asked: Asked) -> Iterator[HandedIn]:
    for number, (filename, contents) in enumerate(files):
        if isinstance(contents, bytes):
            yield HandedIn(filename, contents)
        else:
            problem = batch_answer(number, filename, contents, asked.context(), asked.prefix)
            yield HandedIn(filename, b"", problem.model_dump_json())


@handed_in.get(
    "/jobs/{job}",
    response_model=schemas.Job,
    responses=LINES | documented(errors.NotAcceptable, *JOB_ERRORS),
)
async def get_job(job: Identifier, request: Request, shared: Shared, _: RequestId) -> Response:
    """Say how far a job is, with the answers that there are by now.

    With `Accept: application/x-ndjson` the answers alone, a line each.
    """
    media_type = negotiate_media_type(accepted(request), [JSON, NDJSON])
    queue, caller = shared.jobs.queue, request.state.caller.name
    progress = await asyncio.to_thread(queue.progress, job, caller)
    answers = await asyncio.to_thread(queue.answers, job)
    if media_type == NDJSON:
        content = "".join(f"{answer}\n" for answer in answers)
    else:
        content = _said(shared, progress, answers).model_dump_json()
    headers = {"Content-Language": progress.language, "Vary": "Accept"}
    return Response(content, media_type=media_type, headers=headers)


@handed_in.delete("/jobs/{job}", status_code=204, responses=documented(*JOB_ERRORS))
async def cancel_job(job: Identifier, request: Request, shared: Shared, _: RequestId) -> None:
    """Cancel a job, and erase its files and answers; nobody is called."""
    await asyncio.to_thread(shared.jobs.queue.remove, job, request.state.caller.name)


def _said(shared: State, progress: Progress, answers: list[str]) -> schemas.Job:
    ended, kept = progress.ended_at, timedelta(hours=shared.settings.jobs_kept_hours)
    return schemas.Job(
        id=progress.id,
        state="ended" if ended else "running" if progress.begun or progress.answered else "queued",
        created_at=progress.created_at,
        ended_at=ended,
        erased_at=ended + kept if ended else None,
        files=progress.files,
        answered=progress.answered,
        problems=progress.problems,
        webhook=progress.call,
        answers=[schemas.BatchAnswer.model_validate_json(answer) for answer in answers],
    )
