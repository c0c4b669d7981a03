"""Everything that can go wrong, in one tree.

::

    CovidXrayError                     500  internal-error
    ├── InvalidRequest                 400  invalid-request
    │   └── MissingFile                400  missing-file
    ├── RadiographError                422  invalid-image
    │   ├── EmptyFile                  400  empty-file
    │   ├── BodyTooLarge               413  body-too-large
    │   ├── TooManyPixels              413  too-many-pixels
    │   ├── UnsupportedFormat          415  unsupported-format
    │   ├── UnreadableImage            422  unreadable-image
    │   └── ImageTooSmall              422  image-too-small
    ├── UnknownModel                   404  unknown-model
    ├── UnknownOperatingPoint          400  unknown-operating-point
    ├── UnknownLabel                   400  unknown-label
    ├── NotExplained                   422  not-explained
    ├── ContradictoryFeedback          400  contradictory-feedback
    ├── RecordsUnavailable             503  records-unavailable
    ├── CorruptArtefact                500  corrupt-artefact
    ├── ParityBroken                   500  parity-broken
    ├── NotReady                       503  not-ready
    ├── Overloaded                     503  overloaded
    ├── UploadTooSlow                  408  upload-too-slow
    ├── DeadlineExceeded               504  deadline-exceeded
    └── DatasetError                   422  invalid-dataset

Each class carries the facts that a door needs to render it as a problem of RFC 9457: a stable
`slug` (the last part of its ``type``), the HTTP `status`, a `title` that never changes, `advice`:
what the sender can do about it, and `retry_after`: the seconds after which the same request may
succeed. The message given when it is raised is the ``detail``.
"""

from __future__ import annotations

from typing import ClassVar


class CovidXrayError(Exception):
    """Root of the tree; raised itself only by a fault of ours."""

    slug: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    advice: ClassVar[str] = "Try again; if it persists, report the request id to the operator."
    retry_after: ClassVar[int | None] = None


class InvalidRequest(CovidXrayError):
    """The request cannot be understood."""

    slug = "invalid-request"
    status = 400
    title = "Invalid request"
    advice = "Compare the request with the API description at /docs."


class MissingFile(InvalidRequest):
    """A form arrived without the file."""

    slug = "missing-file"
    title = "No file in the form"
    advice = "Send the image in the multipart field 'file', or as the request body itself."


class RadiographError(CovidXrayError):
    """The upload is no image that can be screened."""

    slug = "invalid-image"
    status = 422
    title = "Invalid image"
    advice = "Export the radiograph again as DICOM, PNG, JPEG, WebP, TIFF or BMP."


class EmptyFile(RadiographError):
    """The upload has no bytes."""

    slug = "empty-file"
    status = 400
    title = "Empty file"
    advice = "Check that the file is not empty and was read completely before sending."


class BodyTooLarge(RadiographError):
    """The upload has more bytes than the service accepts."""

    slug = "body-too-large"
    status = 413
    title = "Upload too large"
    advice = "Stay below the stated limit; send an image, for instance, as JPEG."


class TooManyPixels(RadiographError):
    """The image header announces more pixels than the service decodes."""

    slug = "too-many-pixels"
    status = 413
    title = "Image has too many pixels"
    advice = "Scale the image down below the stated limit before sending."


class UnsupportedFormat(RadiographError):
    """The bytes are of no image format that the service reads."""

    slug = "unsupported-format"
    status = 415
    title = "Unsupported file format"
    advice = "Send DICOM, PNG, JPEG, WebP, TIFF or BMP; the content counts, not the file name."


class UnreadableImage(RadiographError):
    """The format is known, the content is truncated or damaged."""

    slug = "unreadable-image"
    title = "Unreadable image"
    advice = "The file is damaged or incomplete: export or transfer it again."


class ImageTooSmall(RadiographError):
    """The image has too few pixels to show a chest."""

    slug = "image-too-small"
    title = "Image too small"
    advice = "Send the radiograph itself rather than a thumbnail."


class UnknownModel(CovidXrayError):
    """No stored model has the name asked for."""

    slug = "unknown-model"
    status = 404
    title = "Unknown model"
    advice = "GET /models lists the models that can be chosen."


class UnknownOperatingPoint(CovidXrayError):
    """The model has no operating point of the name asked for."""

    slug = "unknown-operating-point"
    status = 400
    title = "Unknown operating point"
    advice = "GET /models lists the operating points of each model; leave it out for the default."


class UnknownLabel(CovidXrayError):
    """The model has no label of the code asked for."""

    slug = "unknown-label"
    status = 400
    title = "Unknown label"
    advice = "GET /models lists the labels of each model."


class NotExplained(CovidXrayError):
    """There is no map that could be drawn over the film."""

    slug = "not-explained"
    status = 422
    title = "No map for this film"
    advice = "Ask for application/json, which carries the answer and the reason."


class ContradictoryFeedback(CovidXrayError):
    """An opinion and the label that goes with it exclude each other."""

    slug = "contradictory-feedback"
    status = 400
    title = "Contradictory feedback"
    advice = "Agree and name no other label, or disagree and name the right one."


class RecordsUnavailable(CovidXrayError):
    """The records cannot be written or read."""

    slug = "records-unavailable"
    status = 503
    title = "Records unavailable"
    advice = "Send it again later; the operator must let the service write COVIDXRAY_RECORDS."
    retry_after = 60


class CorruptArtefact(CovidXrayError):
    """A stored model or reference is incomplete, or its hash is not the one in its manifest."""

    slug = "corrupt-artefact"
    title = "Stored artefact is damaged"
    advice = "Restore the model store or the reference from the release."


class NotReady(CovidXrayError):
    """The service has started but its model has not."""

    slug = "not-ready"
    status = 503
    title = "Not ready"
    advice = "Wait until /health/ready answers 200, then send the request again."
    retry_after = 5


class ParityBroken(CovidXrayError):
    """A compiled network does not answer as the network that it was compiled from."""

    slug = "parity-broken"
    title = "Compiled network differs"
    advice = "Serve the model with COVIDXRAY_ENGINE=keras, and report the figures."


class Overloaded(CovidXrayError):
    """As many images are in flight as the service holds."""

    slug = "overloaded"
    status = 503
    title = "Overloaded"
    advice = "Send the request again after the seconds in Retry-After; nothing was done."
    retry_after = 1


class UploadTooSlow(CovidXrayError):
    """The upload did not arrive before the request's deadline."""

    slug = "upload-too-slow"
    status = 408
    title = "Upload too slow"
    advice = "Send it over a faster connection, or a smaller export of the image."


class DeadlineExceeded(CovidXrayError):
    """The answer was not ready before the request's deadline."""

    slug = "deadline-exceeded"
    status = 504
    title = "Deadline exceeded"
    advice = "Send the request again later; if it persists, report it to the operator."
    retry_after = 5


class DatasetError(CovidXrayError):
    """A data folder does not have a layout that training understands."""

    slug = "invalid-dataset"
    status = 422
    title = "Invalid data folder"
    advice = "See docs/training.md for the two layouts."
