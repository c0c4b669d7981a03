"""DICOM instances as they are stored over HTTP: `multipart/related` (PS3.18, section 10.5.1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request, Response
from python_multipart.multipart import parse_options_header

from covidxray_api.api.batch import BatchRoute, BatchUpload
from covidxray_api.api.form import Part
from covidxray_api.api.routes import Handler, StrictRoute
from covidxray_api.api.state import state_of
from covidxray_api.api.upload import Form, read_related
from covidxray_api.errors import InvalidRequest, UnreadableImage, UnsupportedFormat, UploadTooSlow
from covidxray_api.serving.jobs import Deadline

if TYPE_CHECKING:
    from covidxray_api.hospital.bulk_data import BulkData

DICOM, JSON, XML = "application/dicom", "application/dicom+json", "application/dicom+xml"

KINDS: Final = (DICOM, JSON, XML)
"""Media types of instances: whole, or their metadata, with bulk data in parts of their own."""

BULK_PER_INSTANCE: Final = 4
"""Most parts with bulk data for each instance that a request may have."""


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
            settings, most = shared.settings, shared.settings.batch_max_files
            async with Deadline(settings.batch_upload_s).bounding(UploadTooSlow):
                root, parts = await read_related(
                    request, KINDS, settings.batch_max_bytes, most * (1 + BULK_PER_INSTANCE)
                )
            instances = await asyncio.to_thread(_instances_in, root, parts)
            if not instances:
                raise InvalidRequest("no_parts")
            if len(instances) > most:
                raise InvalidRequest("many_parts", limit=most)
            request.state.form = Form(instances, [])
            return await handle(request)

        return with_instances


@dataclass(slots=True)
class InstanceApart(Part):
    """An instance whose metadata and bulk data came apart."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    """In the JSON model (PS3.18, annex F)."""

    bulk: Mapping[str, BulkData] = field(default_factory=dict)
    """By location, of all instances of the request."""

    def decoded(self) -> bytes:
        """Return it as a file.

        Raises
        ------
        UnreadableImage, UnsupportedFormat
            See `assembled`.
        """
        from covidxray_api.hospital.bulk_data import assembled

        return assembled(self.metadata, self.bulk)


def _instances_in(root: str, parts: Sequence[Part]) -> list[Part]:
    """Return the instances of a body.

    Raises
    ------
    UnsupportedFormat
        If a part has another media type than all may have.
    InvalidRequest
        If metadata cannot be read.
    """
    if root == DICOM:
        for part in parts:
            if (part.kind or root) != DICOM:
                raise UnsupportedFormat("not_related", name=part.kind, kinds=(DICOM,))
        return list(parts)
    from covidxray_api.hospital.bulk_data import BulkData

    described, bulk = list[Part](), dict[str, BulkData]()
    for part in parts:
        if (part.kind or root) == root:
            described.append(part)
        elif part.location:
            stated = parse_options_header(part.media_type)[1].get(b"transfer-syntax", b"")
            bulk[part.location] = BulkData(part.kind, stated.decode("latin-1"), part.decoded())
            part.data = bytearray()
        else:
            raise UnsupportedFormat("not_related", name=part.kind, kinds=(root,))
    return [
        InstanceApart(metadata=model, bulk=bulk)
        for part in described
        for model in _models(root, part.decoded())
    ]


def _models(kind: str, data: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata that a part has: as JSON of one or several instances, as XML of one."""
    from covidxray_api.hospital.native_xml import from_xml

    try:
        found = json.loads(data) if kind == JSON else from_xml(data)
    except (ValueError, RecursionError, UnreadableImage) as error:
        raise InvalidRequest("unreadable_metadata") from error
    for model in found if isinstance(found, list) else [found]:
        if not isinstance(model, dict):
            raise InvalidRequest("unreadable_metadata")
        yield model


async def _instances(request: Request) -> BatchUpload:
    return BatchUpload(request, request.state.form)


Instances = Annotated[BatchUpload, Depends(_instances)]
"""The instances that an `InstancesRoute` has admitted."""
