"""DICOM instances as they are stored over HTTP: `multipart/related` (PS3.18, section 8.6.1)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Request, Response

from covidxray_api.api.batch import BatchRoute, BatchUpload
from covidxray_api.api.routes import Handler, StrictRoute
from covidxray_api.api.state import state_of
from covidxray_api.api.upload import Form, read_related
from covidxray_api.errors import UploadTooSlow
from covidxray_api.serving.jobs import Deadline

DICOM = "application/dicom"


class InstancesRoute(BatchRoute):
    """A route that takes DICOM instances, and holds them in memory until all are answered."""

    def get_checked_handler(self) -> Handler:
        """Return what answers a request whose query parameters are known."""
        # Not as a form: what it holds has another media type.
        handle = StrictRoute.get_checked_handler(self)

        async def with_instances(request: Request) -> Response:
            shared = state_of(request)
            # Before a body is read that could not be kept; the first time it loads highdicom.
            await asyncio.to_thread(lambda: shared.results.store)
            settings = shared.settings
            async with Deadline(settings.batch_upload_s).bounding(UploadTooSlow):
                parts = await read_related(
                    request, DICOM, settings.batch_max_bytes, settings.batch_max_files
                )
            request.state.form = Form(parts, [])
            return await handle(request)

        return with_instances


async def _instances(request: Request) -> BatchUpload:
    return BatchUpload(request, request.state.form)


Instances = Annotated[BatchUpload, Depends(_instances)]
"""The instances that an `InstancesRoute` has admitted."""
