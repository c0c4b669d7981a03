"""The pixels of results, and metadata that refer to them (PS3.18, section 10.4.1).

Whatever picture the service makes has one frame, uncompressed.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.pixels.utils import get_expected_length

from covidxray_api.errors import InvalidRequest, UnknownResult


def read(data: bytes) -> Dataset:
    """Read a result of the store."""
    return dcmread(BytesIO(data))


def metadata(data: bytes, base: str) -> dict[str, Any]:
    """Return a result in the JSON model, with the URL of its pixels in their place.

    Parameters
    ----------
    data : bytes
        The result, as a file.
    base : str
        URL of the studies.
    """
    one = read(data)
    found: dict[str, Any] = one.to_json_dict(
        bulk_data_threshold=0, bulk_data_element_handler=lambda _: bulk_data_url(one, base)
    )
    return found


def bulk_data_url(one: Dataset, base: str) -> str:
    """Return where the pixels of a result are."""
    return (
        f"{base}/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}"
        f"/instances/{one.SOPInstanceUID}/bulkdata/7FE00010"
    )


def pixels(one: Dataset) -> bytes | None:
    """Return the pixels of a result, explicit VR little endian; none if it is no picture."""
    return bytes(one.PixelData) if "PixelData" in one else None


def frame(one: Dataset, frames: str) -> bytes:
    """Return the one frame of a result; see `check_frames`."""
    check_frames(one, frames)
    return bytes(one.PixelData)[: get_expected_length(one)]


def check_frames(one: Dataset, frames: str) -> None:
    """Check that a result has frames of some numbers, as a path lists them.

    Raises
    ------
    InvalidRequest
        If they are no numbers.
    UnknownResult
        If it has not.
    """
    if not re.fullmatch(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", frames):
        raise InvalidRequest("parameters", faults=f"frames: {frames!r} are no numbers")
    if set(frames.split(",")) != {"1"} or "PixelData" not in one:
        raise UnknownResult("frame", instance=str(one.SOPInstanceUID))
