"""What is answered to who stores instances: PS3.18, section 10.5.3, and PS3.4, section B.2.3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset

from covidxray_api.errors import CovidXrayError
from covidxray_api.hospital.image_reference import ImageReference

OUT_OF_RESOURCES: Final = 0xA700
NOT_OF_THE_STUDY: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
PROCESSING_FAILURE: Final = 0x0110
NOT_SUPPORTED: Final = 0xC122

FAILURE_REASONS: Mapping[str, int] = {
    "overloaded": OUT_OF_RESOURCES,
    "not-ready": OUT_OF_RESOURCES,
    "deadline-exceeded": OUT_OF_RESOURCES,
    "body-too-large": OUT_OF_RESOURCES,
    "too-many-pixels": OUT_OF_RESOURCES,
    "records-unavailable": OUT_OF_RESOURCES,
    "results-unavailable": OUT_OF_RESOURCES,
    "unsupported-format": NOT_SUPPORTED,
    "unreadable-image": CANNOT_UNDERSTAND,
    "empty-file": CANNOT_UNDERSTAND,
    "image-too-small": CANNOT_UNDERSTAND,
    "invalid-request": NOT_OF_THE_STUDY,
}
"""Failure Reason (0008,1197) by code of the problem; of others it is a processing failure."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one instance."""

    reference: ImageReference | None
    """The instance; none if it does not say which it is."""

    problem: CovidXrayError | None
    """Why it was not screened; none if it was."""


def store_response(stored: Sequence[Stored], retrieve_url: str | None) -> Dataset:
    """Return the Store Instances Response module (PS3.18, table 10.5.3-1).

    Parameters
    ----------
    stored : sequence of Stored
        The instances, in the order in which they came.
    retrieve_url : str, optional
        Where the results are, if all instances are of one study.
    """
    response = Dataset()
    if retrieve_url:
        response.RetrieveURL = retrieve_url
    done: list[Dataset] = []
    failed: list[Dataset] = []
    unknown: list[Dataset] = []
    for one in stored:
        item = Dataset()
        if one.reference:
            item.ReferencedSOPClassUID = one.reference.sop_class
            item.ReferencedSOPInstanceUID = one.reference.instance
        if one.problem is None:
            item.RetrieveURL = None  # type 2: the film itself is not kept
            done.append(item)
            continue
        item.FailureReason = FAILURE_REASONS.get(one.problem.code, PROCESSING_FAILURE)
        (failed if one.reference else unknown).append(item)
    if done:
        response.ReferencedSOPSequence = done
    if failed:
        response.FailedSOPSequence = failed
    if unknown:
        response.OtherFailuresSequence = unknown
    return response
