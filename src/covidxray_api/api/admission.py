"""Admission of uploads: a dependency of the routes that take one, before its body is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from covidxray_api.api.state import state_of
from covidxray_api.api.upload import read_upload
from covidxray_api.errors import UploadTooSlow
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


async def _admit(request: Request) -> AsyncIterator[AdmittedUpload]:
    state = state_of(request)
    with state.service.admit() as admitted:
        yield AdmittedUpload(request, admitted, state.settings.max_body_bytes)


Upload = Annotated[AdmittedUpload, Depends(_admit)]
"""The upload of an admitted request; refused requests never reach the route."""
