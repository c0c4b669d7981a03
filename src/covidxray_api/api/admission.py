"""Admission of uploads: by the routes that take one, before anything of it is parsed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.types import Receive, Scope, Send

from covidxray_api.api.problems import respond_to
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.state import state_of
from covidxray_api.api.upload import read_upload
from covidxray_api.errors import NotReady, Overloaded, UploadTooSlow
from covidxray_api.screening.screener import Screener
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
        async with self._admitted.deadline.bounding(UploadTooSlow):
            return await read_upload(self._request, self._limit)

    async def run(self, work: Callable[[Screener], Result], model: str | None = None) -> Result:
        """Do all the work of the request, unless its client goes; see `AdmittedRequest.run`."""
        return await self._admitted.run(work, model, self._client_gone())

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
                admitted = stack.enter_context(state_of(request).service.admit())
            except (Overloaded, NotReady) as error:
                await respond_to(request, error)(scope, receive, send)
                return
            request.state.admitted = admitted
            await super().handle_authorized(scope, receive, send)


async def _upload(request: Request) -> AdmittedUpload:
    limit = state_of(request).settings.max_body_bytes
    return AdmittedUpload(request, request.state.admitted, limit)


Upload = Annotated[AdmittedUpload, Depends(_upload)]
"""The upload that an `UploadRoute` has admitted."""
