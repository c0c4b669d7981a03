"""Several radiographs in one request: each is admitted, screened and answered for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from covidxray_api.api.admission import UploadRoute
from covidxray_api.api.form import Part
from covidxray_api.api.state import state_of
from covidxray_api.api.upload import Form, is_form, read_form
from covidxray_api.errors import Overloaded, UnsupportedFormat, UploadTooSlow
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.jobs import Deadline
from covidxray_api.serving.observer import Answered
from covidxray_api.serving.service import AdmittedRequest

Result = TypeVar("Result")

_PAUSE_S = 0.05
"""Seconds until a file that found no place asks again."""


class BatchRoute(UploadRoute):
    """A route that takes a form with several files, and holds it in memory until all are answered.

    The form is admitted by a limiter of its own; each file then takes its place among the others.
    """

    @contextmanager
    def admitting(self, request: Request) -> Iterator[None]:
        """Admit a request for as long as it is served."""
        state = state_of(request)
        state.service.check_ready()
        with state.batches.acquire():
            yield

    async def read_form(self, request: Request) -> Form:
        """Read a form before the deadline for forms with several files."""
        settings = state_of(request).settings
        async with Deadline(settings.batch_upload_s).bounding(UploadTooSlow):
            return await read_form(request, settings.batch_max_bytes, settings.batch_max_files)


class JobRoute(BatchRoute):
    """A route that takes the form of a job."""

    @contextmanager
    def admitting(self, request: Request) -> Iterator[None]:
        """Admit a request for as long as it is served, where jobs are taken."""
        state_of(request).jobs.check_on()
        with super().admitting(request):
            yield

    async def read_form(self, request: Request) -> Form:
        """Read a form before the deadline for forms with several files."""
        settings = state_of(request).settings
        limit = min(settings.batch_max_bytes, settings.jobs_max_bytes)
        async with Deadline(settings.batch_upload_s).bounding(UploadTooSlow):
            return await read_form(request, limit, settings.jobs_max_files)


class BatchUpload:
    """The files of an admitted form.

    Parameters
    ----------
    request : Request
        The request, whose form has been read.
    form : Form
        What it holds.
    """

    def __init__(self, request: Request, form: Form) -> None:
        self.files: list[Part] = form.files
        """In the order of the form."""
        self._request = request
        self._state = state_of(request)

    async def run(self, work: Callable[[Screener], Result], model: str | None) -> Result:
        """Do the work of one file as soon as there is a place for it.

        Raises
        ------
        Overloaded
            If there is none before the deadline.
        DeadlineExceeded, UnknownModel, CorruptArtefact
            See `AdmittedRequest.run`.
        """
        async with self._admitted() as admitted:
            return await admitted.run(work, model)

    def tell(self, found: Screening, data: bytes, request_id: str) -> None:
        """Tell all who want to know what is answered; see `ScreeningService.tell`."""
        caller = self._request.state.caller.name
        self._state.service.tell(Answered(found, data, request_id, caller))

    @asynccontextmanager
    async def _admitted(self) -> AsyncIterator[AdmittedRequest]:
        end = asyncio.get_running_loop().time() + self._state.settings.deadline_s
        with ExitStack() as stack:
            while True:
                try:
                    admitted = stack.enter_context(self._state.service.admit())
                    break
                except Overloaded:
                    if asyncio.get_running_loop().time() > end:
                        raise
                await asyncio.sleep(_PAUSE_S)
            yield admitted


async def _batch(request: Request) -> BatchUpload:
    if not is_form(request):
        media_type = request.headers.get("content-type", "application/octet-stream")
        raise UnsupportedFormat("form_only", name=media_type.partition(";")[0])
    return BatchUpload(request, request.state.form)


Files = Annotated[BatchUpload, Depends(_batch)]
"""The files that a `BatchRoute` has admitted."""
