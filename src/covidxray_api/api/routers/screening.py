"""What is asked of a radiograph."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import errors
from covidxray_api.api.access_log import RequestId
from covidxray_api.api.admission import Upload
from covidxray_api.api.negotiation import AnswerLanguage
from covidxray_api.api.parameters import Gate, LabelCode, ModelName, PointName, Prevalence
from covidxray_api.api.problems import documented
from covidxray_api.api.routes import StrictRoute
from covidxray_api.api.upload import REQUEST_BODY
from covidxray_api.rendering import json as rendering
from covidxray_api.rendering import png as pictures
from covidxray_api.rendering import schemas
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained, Screening
from covidxray_api.texts import Language

MODEL_ERRORS = (errors.UnknownModel, errors.UnknownOperatingPoint)

UPLOAD_ERRORS = (
    errors.InvalidRequest,
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
)

PDF = "application/pdf"

REPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
"""What a report looks like, for the OpenAPI description."""

router = APIRouter(tags=["screening"], route_class=StrictRoute)


@router.post(
    "/predict",
    openapi_extra=REQUEST_BODY,
    responses=documented(*MODEL_ERRORS, *UPLOAD_ERRORS),
)
async def predict(
    upload: Upload,
    request_id: RequestId,
    language: AnswerLanguage,
    model: ModelName = None,
    operating_point: PointName = None,
    prevalence: Prevalence = None,
    gate: Gate = None,
) -> schemas.Prediction:
    """Screen a radiograph.

    The image is checked for being a frontal chest radiograph; if it is, the model gives the
    probability of each label. An image that is none is an answer too: `rejected` is true, and
    label and probabilities are null.
    """
    data = await upload.read()

    def work(screener: Screener) -> schemas.ScreeningAnswer:
        screening = screener.screen(data, model, operating_point, prevalence, gate)
        return rendering.screening_answer(screening, language)

    answer = await upload.run(work, model)
    bind_contextvars(model=answer.model.name, rejected=answer.rejected)
    return schemas.Prediction(request_id=request_id, **dict(answer))


@router.post("/validate", openapi_extra=REQUEST_BODY, responses=documented(*UPLOAD_ERRORS))
async def validate(
    upload: Upload, request_id: RequestId, language: AnswerLanguage, gate: Gate = None
) -> schemas.Validation:
    """Tell whether an image is a frontal chest radiograph, without asking a model."""
    data = await upload.read()

    def work(screener: Screener) -> schemas.ValidationAnswer:
        return rendering.validation_answer(screener.validate(data, gate), language)

    answer = await upload.run(work)
    bind_contextvars(rejected=answer.rejected)
    return schemas.Validation(request_id=request_id, **dict(answer))


@router.post(
    "/explain",
    openapi_extra=REQUEST_BODY,
    response_model=schemas.Explained,
    responses=pictures.ANSWER
    | documented(*MODEL_ERRORS, errors.UnknownLabel, errors.NotExplained, *UPLOAD_ERRORS),
)
async def explain(
    upload: Upload,
    request_id: RequestId,
    language: AnswerLanguage,
    model: ModelName = None,
    operating_point: PointName = None,
    gate: Gate = None,
    label: LabelCode = None,
    accept: Annotated[
        str, Header(description="`image/png` for the film with the map over it.")
    ] = "application/json",
) -> Any:
    """Screen a radiograph, and tell which parts of it speak for the label.

    The map is put to the test on the film itself: covering what it marks must lower the label's
    probability by more than covering other areas does. Where it does not, the map is withheld.
    """
    data = await upload.read()
    as_picture = accept.partition(";")[0].strip() == pictures.PNG

    def work(screener: Screener) -> tuple[Screening, Any]:
        explained = screener.explain(data, model, operating_point, gate, label)
        if as_picture:
            return explained.screening, pictures.explained(explained)
        return explained.screening, _explained(explained, request_id, language)

    screening, answer = await upload.run(work, model)
    _note(screening)
    return answer


@router.post(
    "/preview",
    openapi_extra=REQUEST_BODY,
    response_class=Response,
    responses=pictures.ANSWER | documented(*UPLOAD_ERRORS),
)
async def preview(upload: Upload, _: RequestId) -> Response:
    """Show a film as it is decoded, for formats that a browser cannot draw.

    A PNG of 8-bit gray, at most 2048 pixels high and wide; a DICOM file's display window is
    applied. Whether it shows a chest is not asked.
    """
    data = await upload.read()
    return await upload.run(
        lambda screener: pictures.picture(screener.decode(data, pictures.LONGEST).pixels)
    )


@router.post(
    "/report",
    openapi_extra=REQUEST_BODY,
    response_class=Response,
    responses=REPORT | documented(*MODEL_ERRORS, *UPLOAD_ERRORS),
)
async def report(
    upload: Upload,
    request_id: RequestId,
    language: AnswerLanguage,
    model: ModelName = None,
    operating_point: PointName = None,
    gate: Gate = None,
) -> Response:
    """Screen a radiograph, and put the answer on one page of A4.

    The page has the film, the map or why there is none, the probabilities, what was found of
    the image, the model, and a line for the patient's name, which this service does not know.
    """
    data = await upload.read()

    def work(screener: Screener) -> tuple[Screening, bytes]:
        # Imported with the first report: a tenth of the time until the service is ready.
        from covidxray_api.rendering.pdf import render

        explained = screener.explain(data, model, operating_point, gate)
        return explained.screening, render(explained, request_id, language, datetime.now(UTC))

    screening, page = await upload.run(work, model)
    _note(screening)
    headers = {
        "Content-Disposition": f'inline; filename="covidxray-{request_id}.pdf"',
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    return Response(page, media_type=PDF, headers=headers)


def _explained(explained: Explained, request_id: str, language: Language) -> schemas.Explained:
    found = explained.explanation
    return schemas.Explained(
        request_id=request_id,
        explanation=rendering.explanation(found, language) if found else None,
        **dict(rendering.screening_answer(explained.screening, language)),
    )


def _note(screening: Screening) -> None:
    """Add to the access log what was answered."""
    bind_contextvars(
        model=screening.model.manifest.name, rejected=screening.validation.rejection is not None
    )
