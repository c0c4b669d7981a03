"""Everything that can go wrong, in the domain's words: a code and the facts.

::

    CovidXrayError                     internal-error
    ├── InvalidRequest                 invalid-request
    │   └── MissingFile                missing-file
    ├── RadiographError                invalid-image
    │   ├── EmptyFile                  empty-file
    │   ├── BodyTooLarge               body-too-large
    │   ├── TooManyPixels              too-many-pixels
    │   ├── UnsupportedFormat          unsupported-format
    │   ├── UnreadableImage            unreadable-image
    │   └── ImageTooSmall              image-too-small
    ├── NotAcceptable                  not-acceptable
    ├── UnknownModel                   unknown-model
    ├── UnknownOperatingPoint          unknown-operating-point
    ├── UnknownLabel                   unknown-label
    ├── NotExplained                   not-explained
    ├── ContradictoryFeedback          contradictory-feedback
    ├── RecordsUnavailable             records-unavailable
    ├── UnknownScreening               unknown-screening
    ├── ResultsUnavailable             results-unavailable
    ├── UnknownResult                  unknown-result
    ├── ArchiveUnavailable             archive-unavailable
    ├── UnknownJob                     unknown-job
    ├── JobsUnavailable                jobs-unavailable
    ├── CorruptArtefact                corrupt-artefact
    ├── InvalidSiteProfile             invalid-site-profile
    ├── ParityBroken                   parity-broken
    ├── NotReady                       not-ready
    ├── Overloaded                     overloaded
    ├── UploadTooSlow                  upload-too-slow
    ├── HeaderTooSlow                  header-too-slow
    ├── HeaderTooLarge                 header-too-large
    ├── DeadlineExceeded               deadline-exceeded
    ├── Unauthenticated                unauthenticated
    ├── Forbidden                      forbidden
    ├── AccessUnavailable              access-unavailable
    ├── TooManyRequests                too-many-requests
    ├── InvalidConfiguration           invalid-configuration
    ├── FileUnavailable                file-unavailable
    ├── InvalidJob                     invalid-job
    └── DatasetError                   invalid-dataset

An error carries a stable `code`, a `reason` where a code has several, and `facts`: numbers and
names by which `texts.problems` says it in a sentence. What follows from it, as an HTTP status or an
exit code, is decided where it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

Fact = str | int | float | Path | tuple[str, ...] | None
"""A number, a name, or several names."""


class CovidXrayError(Exception):
    """Root of the tree; raised itself only by a fault of this program.

    Parameters
    ----------
    reason : str, optional
        Which of the sentences of this code applies; empty where there is one alone.
    **facts
        What the sentence mentions.
    """

    code: ClassVar[str] = "internal-error"
    """Stable name of the kind of error."""

    def __init__(self, reason: str = "", /, **facts: Fact) -> None:
        super().__init__(reason, facts)
        self.reason = reason
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        # Between processes: an exception is made again of its arguments alone, without names.
        return partial(type(self), self.reason, **self.facts), ()

    def __str__(self) -> str:
        name = f"{self.code} ({self.reason})" if self.reason else self.code
        told = ", ".join(f"{fact}={value}" for fact, value in self.facts.items())
        return f"{name}: {told}" if told else name


class InvalidRequest(CovidXrayError):
    """The request cannot be understood."""

    code = "invalid-request"


class MissingFile(InvalidRequest):
    """A form arrived without the file."""

    code = "missing-file"


class RadiographError(CovidXrayError):
    """The upload is no image that can be screened."""

    code = "invalid-image"


class EmptyFile(RadiographError):
    """The upload has no bytes."""

    code = "empty-file"


class BodyTooLarge(RadiographError):
    """The upload has more bytes than the service accepts."""

    code = "body-too-large"


class TooManyPixels(RadiographError):
    """The image header announces more pixels than the service decodes."""

    code = "too-many-pixels"


class UnsupportedFormat(RadiographError):
    """The bytes are of no format, or use a feature of a format, that the service reads."""

    code = "unsupported-format"


class UnreadableImage(RadiographError):
    """The format is known, the content is truncated or damaged."""

    code = "unreadable-image"


class ImageTooSmall(RadiographError):
    """The image has too few pixels to show a chest."""

    code = "image-too-small"


class NotAcceptable(CovidXrayError):
    """The answer cannot be had in any media type that the request accepts."""

    code = "not-acceptable"


class UnknownModel(CovidXrayError):
    """No stored model has the name asked for."""

    code = "unknown-model"


class UnknownOperatingPoint(CovidXrayError):
    """The model has no operating point of the name asked for."""

    code = "unknown-operating-point"


class UnknownLabel(CovidXrayError):
    """The model has no label of the code asked for."""

    code = "unknown-label"


class NotExplained(CovidXrayError):
    """There is no saliency map that could be drawn over the radiograph."""

    code = "not-explained"


class ContradictoryFeedback(CovidXrayError):
    """An opinion and the label that goes with it exclude each other."""

    code = "contradictory-feedback"


class RecordsUnavailable(CovidXrayError):
    """The records cannot be written or read."""

    code = "records-unavailable"


class UnknownScreening(CovidXrayError):
    """The records have no such screening."""

    code = "unknown-screening"


class ResultsUnavailable(CovidXrayError):
    """No DICOM results are kept, or they cannot be written or read."""

    code = "results-unavailable"


class UnknownResult(CovidXrayError):
    """No such DICOM result is kept."""

    code = "unknown-result"


class ArchiveUnavailable(CovidXrayError):
    """An archive cannot be reached, or does not take or give what is asked."""

    code = "archive-unavailable"


class UnknownJob(CovidXrayError):
    """There is no such job of this caller, or the service takes none."""

    code = "unknown-job"


class JobsUnavailable(CovidXrayError):
    """No job can be taken now, or none can be read."""

    code = "jobs-unavailable"


class CorruptArtefact(CovidXrayError):
    """A stored model or reference is incomplete, or is not what was published."""

    code = "corrupt-artefact"


class InvalidSiteProfile(CovidXrayError):
    """A site profile cannot be read or fitted, or was fitted for another model."""

    code = "invalid-site-profile"


class NotReady(CovidXrayError):
    """The service has started but its model has not."""

    code = "not-ready"


class ParityBroken(CovidXrayError):
    """A compiled network does not answer as the network that it was compiled from."""

    code = "parity-broken"


class Overloaded(CovidXrayError):
    """As many requests are in flight as the service admits."""

    code = "overloaded"


class UploadTooSlow(CovidXrayError):
    """The upload did not arrive before the request's deadline."""

    code = "upload-too-slow"


class HeaderTooSlow(CovidXrayError):
    """The header of a request did not arrive in time."""

    code = "header-too-slow"


class HeaderTooLarge(CovidXrayError):
    """The header of a request has more bytes than the service accepts."""

    code = "header-too-large"


class DeadlineExceeded(CovidXrayError):
    """The answer was not ready before the request's deadline."""

    code = "deadline-exceeded"


class Unauthenticated(CovidXrayError):
    """The request does not show whose it is."""

    code = "unauthenticated"


class Forbidden(CovidXrayError):
    """The caller is known, and may not ask for this."""

    code = "forbidden"


class AccessUnavailable(CovidXrayError):
    """Whether the caller may ask for this cannot be told now."""

    code = "access-unavailable"


class TooManyRequests(CovidXrayError):
    """The client asks more than its share."""

    code = "too-many-requests"


class InvalidConfiguration(CovidXrayError):
    """The service, or a command, is set up in a way that it cannot work, or not safely."""

    code = "invalid-configuration"


class FileUnavailable(CovidXrayError):
    """A file cannot be had from where it is said to lie."""

    code = "file-unavailable"


class InvalidJob(CovidXrayError):
    """A job over many films cannot be done, or continued, as it is asked for."""

    code = "invalid-job"


class DatasetError(CovidXrayError):
    """A data folder or a file of training is not what training understands."""

    code = "invalid-dataset"


def kinds(root: type[CovidXrayError] = CovidXrayError) -> Iterator[type[CovidXrayError]]:
    """Yield every class of the tree, a parent before its children."""
    yield root
    for child in root.__subclasses__():
        yield from kinds(child)
