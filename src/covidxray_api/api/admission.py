"""Admission of uploads: by the routes that take one, before anything of it is parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.types import Receive, Scope, Send

from covidxray_api.api.problems import respond_to
from covidxray_api.api.routes import Handler, StrictRoute
from covidxray_api.api.state import state_of
from covidxray_api.api.tracing import stages_of
from covidxray_api.api.upload import Form, file_of, is_form, read_form, read_upload
from covidxray_api.errors import NotReady, Overloaded, UploadTooSlow
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Screening, Validation
from covidxray_api.serving.observer import Answered
from covidxray_api.serving.service import AdmittedRequest

Result = TypeVar("Result")


class AdmittedUpload:
    """An admitted request that carries a file.

    Parameters
    ----------
    request : Request
        The request.
    admitted : AdmittedRequest
        What it may do.
    limit : int
        Most bytes of the body that are read.
    """

    def __init__(self, request: Request, admitted: AdmittedRequest, limit: int) -> None:
        self._request = request
        self._admitted = admitted
        self._limit = limit

    async def read(self) -> bytes:
        """Read the file; see `read_upload`.

        Raises
        ------
        UploadTooSlow
            If it has not arrived by the deadline.
        """
        form: Form | None = self._request.state.form
        if form is not None:
            return file_of(form)
        async with self._admitted.deadline.bounding(UploadTooSlow):
            return await read_upload(self._request, self._limit)

    async def run(self, work: Callable[[Screener], Result], model: str | None = None) -> Result:
        """Do all the work of the request, unless its client goes; see `AdmittedRequest.run`."""
        stages = stages_of(self._request)
        noted = stages.of(work) if stages else work
        return await self._admitted.run(noted, model, self._client_gone())

    def tell(self, found: Screening | Validation, data: bytes) -> None:
        """Tell all who want to know what is answered; see `ScreeningService.tell`."""
        state = self._request.state
        if stages := stages_of(self._request):
            stages.told(found.seconds)
        self._admitted.tell(Answered(found, data, state.request_id, state.caller.name))

    async def _client_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


class UploadRoute(StrictRoute):
    """A route that takes an upload, and refuses it at once where it cannot be served now.

    A refusal by a dependency of FastAPI would cost twice as much: it comes after the parameters.
    """

    async def handle_authorized(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a caller who may, or refuse it."""
        if scope["method"] not in (self.methods or ()):
            await super().handle_authorized(scope, receive, send)
            return
        request = Request(scope)
        with ExitStack() as stack:
            try:
                stack.enter_context(self.admitting(request))
            except (Overloaded, NotReady) as error:
                await respond_to(request, error)(scope, receive, send)
                return
            await super().handle_authorized(scope, receive, send)

    @contextmanager
    def admitting(self, request: Request) -> Iterator[None]:
        """Admit a request for as long as it is served; see `ScreeningService.admit`."""
        with state_of(request).service.admit() as admitted:
            request.state.admitted = admitted
            yield

    async def read_form(self, request: Request) -> Form:
        """Read a form before the deadline; see `upload.read_form`."""
        limit = state_of(request).settings.max_body_bytes
        async with request.state.admitted.deadline.bounding(UploadTooSlow):
            return await read_form(request, limit, most_files=1)

    def get_checked_handler(self) -> Handler:
        """Return what answers a request whose query parameters are known."""
        handle = super().get_checked_handler()

        async def with_form(request: Request) -> Response:
            request.state.form = None
            return await handle(await self._with_fields(request) if is_form(request) else request)

        return with_form

    async def _with_fields(self, request: Request) -> Request:
        """Read a form, and take its fields for query parameters."""
        form = await self.read_form(request)
        parameters = [*request.query_params.multi_items(), *form.fields]
        self.check_parameters([name for name, _ in parameters])
        request.state.form = form
        scope = {**request.scope, "query_string": urlencode(parameters).encode()}
        return Request(scope, request.receive)


async def _upload(request: Request) -> AdmittedUpload:
    limit = state_of(request).settings.max_body_bytes
    return AdmittedUpload(request, request.state.admitted, limit)


Upload = Annotated[AdmittedUpload, Depends(_upload)]
"""The upload that an `UploadRoute` has admitted."""
