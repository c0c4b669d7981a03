"""What is asked of a radiograph."""

from __future__ import annotations

from mimetypes import guess_extension
from typing import Annotated

from fastapi import APIRouter, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.admission import Upload, UploadRoute
from covidxray_api.api.answers import Rendering, described, rendering
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.parameters import Gate, LabelCode, ModelName, PointName, Prevalence
from covidxray_api.api.problems import documented
from covidxray_api.api.upload import REQUEST_BODY
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering import schemas
from covidxray_api.rendering.png import LONGEST
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained, Screening, Validation

MODEL_ERRORS = (errors.UnknownModel, errors.UnknownOperatingPoint)

UPLOAD_ERRORS = (
    errors.InvalidRequest,
    errors.NotAcceptable,
    errors.MissingFile,
    errors.EmptyFile,
    errors.BodyTooLarge,
    errors.TooManyPixels,
    errors.UnsupportedFormat,
    errors.RadiographError,
    errors.UnreadableImage,
    errors.ImageTooSmall,
    errors.CovidXrayError,
    errors.NotReady,
    errors.Overloaded,
    errors.UploadTooSlow,
    errors.DeadlineExceeded,
    *REFUSALS,
)

PDF = "application/pdf"

router = APIRouter(tags=["screening"], route_class=UploadRoute.needing("predict"))


@router.post(
    "/predict",
    openapi_extra=REQUEST_BODY,
    response_model=schemas.Prediction,
    responses=described(Screening) | documented(*MODEL_ERRORS, *UPLOAD_ERRORS),
)
async def predict(
    answer: Annotated[Rendering, rendering(Screening)],
    upload: Upload,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
    gate: Gate = None,
) -> Response:
    """Screen a radiograph.

    The image is checked for being a frontal chest radiograph; if it is, the model gives the
    probability of each label. An image that is none is an answer too: `rejected` is true, and
    label and probabilities are null.
    """
    data = await upload.read()

    def work(screener: Screener) -> tuple[Screening, Response]:
        screening = screener.screen(data, model, operating_point, prevalence, gate)
        return screening, answer.response(screening)

    screening, response = await upload.run(work, model)
    _note(screening)
    return response


@router.post(
    "/validate",
    openapi_extra=REQUEST_BODY,
    response_model=schemas.Validation,
    responses=described(Validation) | documented(*UPLOAD_ERRORS),
)
async def validate(
    answer: Annotated[Rendering, rendering(Validation)], upload: Upload, gate: Gate = None
) -> Response:
    """Tell whether an image is a frontal chest radiograph, without asking a model."""
    data = await upload.read()

    def work(screener: Screener) -> tuple[Validation, Response]:
        found = screener.validate(data, gate)
        return found, answer.response(found)

    found, response = await upload.run(work)
    bind_contextvars(rejected=found.rejection is not None)
    return response


@router.post(
    "/explain",
    openapi_extra=REQUEST_BODY,
    response_model=schemas.Explained,
    responses=described(Explained)
    | documented(*MODEL_ERRORS, errors.UnknownLabel, errors.NotExplained, *UPLOAD_ERRORS),
)
async def explain(
    answer: Annotated[Rendering, rendering(Explained)],
    upload: Upload,
    model: ModelName = None,
    operating_point: PointName = None,
    gate: Gate = None,
    label: LabelCode = None,
) -> Response:
    """Screen a radiograph, and tell which parts of it speak for the label.

    The map is put to the test on the image itself: covering what it marks must lower the label's
    probability by more than covering other areas does. Where it does not, the map is withheld.
    `Accept` chooses between JSON, the map over the radiograph as PNG, and a report as PDF.
    """
    data = await upload.read()

    def work(screener: Screener) -> tuple[Screening, Response]:
        explained = screener.explain(data, model, operating_point, gate, label)
        return explained.screening, answer.response(explained)

    screening, response = await upload.run(work, model)
    _note(screening)
    return response


@router.post(
    "/preview",
    openapi_extra=REQUEST_BODY,
    response_class=Response,
    responses=described(Radiograph) | documented(*UPLOAD_ERRORS),
)
async def preview(answer: Annotated[Rendering, rendering(Radiograph)], upload: Upload) -> Response:
    """Show a radiograph as it is decoded, for formats that a browser cannot draw.

    A PNG of 8-bit gray, at most 2048 pixels high and wide; a DICOM file's display window is
    applied. Whether it shows a chest is not asked.
    """
    data = await upload.read()
    return await upload.run(lambda screener: answer.response(screener.decode(data, LONGEST)))


@router.post(
    "/report",
    openapi_extra=REQUEST_BODY,
    response_model=schemas.Explained,
    responses=described(Explained) | documented(*MODEL_ERRORS, errors.NotExplained, *UPLOAD_ERRORS),
)
async def report(
    answer: Annotated[Rendering, rendering(Explained, first=PDF)],
    upload: Upload,
    request_id: RequestId,
    model: ModelName = None,
    operating_point: PointName = None,
    gate: Gate = None,
) -> Response:
    """Screen a radiograph, and put the answer on one page of A4, as PDF.

    The page has the image, the map or why there is none, the probabilities, what was found of
    the image, the model, and a line for the patient's name, which this service does not know.
    `Accept` may ask for the other media types of `/explain`.
    """
    data = await upload.read()

    def work(screener: Screener) -> tuple[Screening, Response]:
        explained = screener.explain(data, model, operating_point, gate)
        return explained.screening, answer.response(explained)

    screening, response = await upload.run(work, model)
    _note(screening)
    name = f"covidxray-{request_id}{guess_extension(answer.renderer.media_type) or ''}"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _note(screening: Screening) -> None:
    """Add to the access log what was answered."""
    bind_contextvars(
        model=screening.model.manifest.name, rejected=screening.validation.rejection is not None
    )
