"""What is asked of a radiograph."""

from __future__ import annotations

import re
from mimetypes import guess_extension
from typing import Annotated

from fastapi import APIRouter, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api.admission import Upload, UploadRoute
from covidxray_api.api.answers import (
    SAMPLES,
    SPACING,
    SPACING_PLANE,
    WINDOWS,
    Rendering,
    described,
    rendering,
)
from covidxray_api.api.authorization import REFUSALS
from covidxray_api.api.parameters import (
    Gate,
    LabelCode,
    Map,
    ModelName,
    PointName,
    Prevalence,
)
from covidxray_api.api.problems import documented
from covidxray_api.decoding import Levels
from covidxray_api.radiograph import Radiograph
from covidxray_api.rendering import png, schemas
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

MOST_WINDOWS = 8
"""More are no choice, and a header is not for files that state thousands."""

router = APIRouter(tags=["screening"], route_class=UploadRoute.needing("predict"))


@router.post(
    "/predict",
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
        response = answer.response(screening)
        upload.tell(screening, data)
        return screening, response

    screening, response = await upload.run(work, model)
    _note(screening)
    return response


@router.post(
    "/validate",
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
        response = answer.response(found)
        upload.tell(found, data)
        return found, response

    found, response = await upload.run(work)
    bind_contextvars(rejected=found.rejection is not None)
    return response


@router.post(
    "/explain",
    response_model=schemas.Explained,
    responses=described(Explained)
    | documented(*MODEL_ERRORS, errors.UnknownLabel, errors.NotExplained, *UPLOAD_ERRORS),
)
async def explain(
    answer: Annotated[Rendering, rendering(Explained)],
    upload: Upload,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
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
        explained = screener.explain(data, model, operating_point, prevalence, gate, label)
        response = answer.response(explained)
        upload.tell(explained.screening, data)
        return explained.screening, response

    screening, response = await upload.run(work, model)
    _note(screening)
    return response


@router.post(
    "/preview",
    response_class=Response,
    responses=described(Radiograph) | documented(*UPLOAD_ERRORS),
)
async def preview(answer: Annotated[Rendering, rendering(Radiograph)], upload: Upload) -> Response:
    """Show a radiograph as it is decoded, for formats that a browser cannot draw.

    A PNG of 8-bit gray, at most 2048 pixels high and wide; a DICOM file's display window is
    applied. Whether it shows a chest is not asked. Where a DICOM file states a spacing,
    `X-Pixel-Spacing` has the distance of the picture's rows and of its columns in millimetres, and
    `X-Pixel-Spacing-Plane` where it was measured: `detector` (what lies before it is magnified),
    `calibrated` (corrected for that), or `unstated` (DICOM PS3.3, 10.7.1.3).
    """
    data = await upload.read()

    def work(screener: Screener) -> Response:
        radiograph = screener.decode(data, LONGEST)
        response = answer.response(radiograph)
        if (spacing := png.spacing(radiograph)) and radiograph.spacing_plane:
            response.headers[SPACING] = ", ".join(f"{distance:.6g}" for distance in spacing)
            response.headers[SPACING_PLANE] = radiograph.spacing_plane
        return response

    return await upload.run(work)


@router.post(
    "/levels",
    response_class=Response,
    responses=described(Levels) | documented(*UPLOAD_ERRORS),
)
async def levels(answer: Annotated[Rendering, rendering(Levels)], upload: Upload) -> Response:
    """Return a radiograph's values before a window is applied, for viewers.

    Samples of 16 bits without a sign, little endian, row by row, at most 2048 a row and column.
    `X-Samples` says how many `rows` and `columns` there are; 0 is no image, shown black, and n is
    the value `least + (n - 1) * step` in the file's own unit; `inverted` is 1 where low values are
    shown white. `X-Windows` has the window by which the file is shown, then the others that it
    states (DICOM PS3.3, C.11.2), and is absent where a file is shown by a table of its own. What is
    no gray DICOM image has the gray levels of its picture, and no window.
    """
    data = await upload.read()

    def work(screener: Screener) -> Response:
        found = screener.levels(data, LONGEST)
        response = answer.response(found)
        rows, columns = found.samples.shape
        response.headers[SAMPLES] = (
            f"rows={rows}, columns={columns}, least={found.least:.10g}, step={found.step:.10g},"
            f" inverted={found.inverted:d}"
        )
        if found.windows:
            response.headers[WINDOWS] = ", ".join(
                f"center={window.center:.10g};width={window.width:.10g};function={window.function}"
                for window in found.windows[:MOST_WINDOWS]
            )
        return response

    return await upload.run(work)


@router.post(
    "/report",
    response_model=schemas.Explained,
    responses=described(Explained) | documented(*MODEL_ERRORS, errors.NotExplained, *UPLOAD_ERRORS),
)
async def report(
    answer: Annotated[Rendering, rendering(Explained, first=PDF)],
    upload: Upload,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
    gate: Gate = None,
    map_: Map = False,
) -> Response:
    """Screen a radiograph, and put the answer into a report of A4, as PDF.

    The report has the image, the probabilities, what was found of the image, what the answer does
    not tell, the model, and with `?map=true` the saliency map, or why there is none. Each sheet has
    date, title, `X-Reference`, and a line for the patient's name, which this service does not know.
    `Accept` may ask for the other media types of `/explain`, which have the map in any case.
    """
    data = await upload.read()
    with_map = map_ or answer.renderer.media_type != PDF

    def work(screener: Screener) -> tuple[Screening, Response]:
        explained = screener.explain(
            data, model, operating_point, prevalence, gate, with_map=with_map
        )
        response = answer.response(explained)
        upload.tell(explained.screening, data)
        return explained.screening, response

    screening, response = await upload.run(work, model)
    _note(screening)
    response.headers["Content-Disposition"] = f'inline; filename="{_file_name(answer)}"'
    return response


def _file_name(answer: Rendering) -> str:
    context = answer.context
    named = [re.sub(r"[^A-Za-z0-9._-]+", "-", context.reference)] if context.reference else []
    extension = guess_extension(answer.renderer.media_type) or ""
    return "-".join(("covidxray", *named, context.request_id)) + extension


def _note(screening: Screening) -> None:
    """Add to the access log what was answered."""
    bind_contextvars(
        model=screening.model.manifest.name, rejected=screening.validation.rejection is not None
    )
