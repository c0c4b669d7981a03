"""Where a result is, as the paths of DICOMweb say it (PS3.18, section 10.1)."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Final

from fastapi import Depends, Request

from covidxray_api.api.results import UID
from covidxray_api.api.state import State
from covidxray_api.errors import InvalidRequest, UnknownResult

STUDY: Final = "/dicomweb/studies/{study}"
SERIES: Final = STUDY + "/series/{series}"
INSTANCE: Final = SERIES + "/instances/{instance}"

LEVELS: Final[tuple[str, ...]] = ("study", "series", "instance")


async def _place(request: Request) -> dict[str, str]:
    """Return the UIDs of the path, by `study`, `series` and `instance`."""
    given: dict[str, str] = request.path_params
    place = {level: given[level] for level in LEVELS if level in given}
    for level, uid in place.items():
        if not re.fullmatch(UID, uid):
            raise InvalidRequest("parameters", faults=f"{level}: {uid!r} is no UID")
    return place


Place = Annotated[dict[str, str], Depends(_place)]


async def uids_in(shared: State, place: Place) -> list[str]:
    """Return the SOP Instance UIDs of results in a place.

    Raises
    ------
    UnknownResult
        If there is none.
    """

    def find() -> list[str]:
        return [str(one.SOPInstanceUID) for one in shared.results.store.find(**place)]

    uids = await asyncio.to_thread(find)
    if not uids:
        raise UnknownResult(study=place["study"])
    return uids
