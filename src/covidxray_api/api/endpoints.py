"""The endpoints: they know HTTP, and hand everything else on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Query, Request, Response
from structlog.contextvars import bind_contextvars

from covidxray_api import __version__
from covidxray_api.api import problems
from covidxray_api.api.access_log import RequestName
from covidxray_api.api.admission import Turn
from covidxray_api.api.negotiation import answer_language
from covidxray_api.models.store import ModelStore
from covidxray_api.rendering import json as rendering
from covidxray_api.rendering import png as pictures
from covidxray_api.rendering import schemas
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Explained
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import GateName, Settings
from covidxray_api.texts import Language

AnswerLanguage = Annotated[Language, Depends(answer_language)]
ModelName = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Stored model to ask, as listed by `/models`; the default one if none.",
        examples=["seed-cnn"],
    ),
]

PointName = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Operating point of the model, as listed by `/models`: `screening` misses"
        " little, `specific` alarms seldom; `balanced` if none.",
        examples=["screening"],
    ),
]
Prevalence = Annotated[
    float | None,
    Query(
        gt=0,
        lt=1,
        description="Share of your patients who have COVID-19, for predictive values.",
        examples=[0.05],
    ),
]
LabelCode = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Label that is explained, as listed by `/models`; the predicted one if none.",
        examples=["covid_19"],
    ),
]
Gate = Annotated[
    GateName | None,
    Query(
        description="What tells a chest radiograph from all else: `learned`, or `ssim` for"
        " structural similarity alone; the service's setting if none.",
    ),
]

PDF = "application/pdf"

REPORT: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
"""What a report looks like, for the OpenAPI description."""


def _page(explained: Explained, name: str, language: Language, made: datetime) -> bytes:
    # Imported with the first report: a tenth of the time until the service is ready.
    from covidxray_api.rendering.pdf import render

    return render(explained, name, language, made)


class Endpoints:
    """What each route does.

    Parameters
    ----------
    service : ScreeningService
        Does the work.
    settings : Settings
        Say how much is read, and where the models are.
    """

    def __init__(self, service: ScreeningService, settings: Settings) -> None:
        self._service = service
        self._settings = settings

    async def _received(self, request: Request) -> tuple[Screener, Turn, bytes]:
        screener, turn = self._service.screener, self._service.turn(request)
        return screener, turn, await turn.upload(self._settings.max_body_bytes)

    async def predict(
        self,
        request: Request,
        name: RequestName,
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
        screener, turn, data = await self._received(request)
        screening = await turn.work(screener.screen, data, model, operating_point, prevalence, gate)
        answer = rendering.screening_answer(screening, language)
        bind_contextvars(model=answer.model.name, rejected=answer.rejected)
        return schemas.Prediction(request_id=name, **dict(answer))

    async def validate(
        self,
        request: Request,
        name: RequestName,
        language: AnswerLanguage,
        gate: Gate = None,
    ) -> schemas.Validation:
        """Tell whether an image is a frontal chest radiograph, without asking a model."""
        screener, turn, data = await self._received(request)
        found = await turn.work(screener.validate, data, gate)
        answer = rendering.validation_answer(found, language)
        bind_contextvars(rejected=answer.rejected)
        return schemas.Validation(request_id=name, **dict(answer))

    async def explain(
        self,
        request: Request,
        name: RequestName,
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
        screener, turn, data = await self._received(request)
        explained = await turn.work(screener.explain, data, model, operating_point, gate, label)
        if accept.partition(";")[0].strip() == pictures.PNG:
            return await turn.work(pictures.explained, explained)
        answer = rendering.screening_answer(explained.screening, language)
        bind_contextvars(model=answer.model.name, rejected=answer.rejected)
        found = explained.explanation
        return schemas.Explained(
            request_id=name,
            explanation=rendering.explanation(found, language) if found else None,
            **dict(answer),
        )

    async def preview(self, request: Request, _: RequestName) -> Response:
        """Show a film as it is decoded, for formats that a browser cannot draw.

        A PNG of 8-bit gray, at most 2048 pixels high and wide; a DICOM file's display window is
        applied. Whether it shows a chest is not asked.
        """
        screener, turn, data = await self._received(request)
        return await turn.work(
            lambda: pictures.picture(screener.decode(data, pictures.LONGEST).pixels)
        )

    async def report(
        self,
        request: Request,
        name: RequestName,
        language: AnswerLanguage,
        model: ModelName = None,
        operating_point: PointName = None,
        gate: Gate = None,
    ) -> Response:
        """Screen a radiograph, and put the answer on one page of A4.

        The page has the film, the map or why there is none, the probabilities, what was found of
        the image, the model, and a line for the patient's name, which this service does not know.
        """
        screener, turn, data = await self._received(request)
        explained = await turn.work(screener.explain, data, model, operating_point, gate)
        screening = explained.screening
        bind_contextvars(
            model=screening.model.manifest.name, rejected=screening.validation.rejection is not None
        )
        page = await turn.work(_page, explained, name, language, datetime.now(UTC))
        headers = {
            "Content-Disposition": f'inline; filename="covidxray-{name}.pdf"',
            "Content-Language": language,
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
        }
        return Response(page, media_type=PDF, headers=headers)

    def models(self, _: RequestName) -> schemas.ModelList:
        """List the stored models with their labels, origin and measured figures."""
        stored = ModelStore(self._settings.model_store).all()
        default = self._settings.default_model
        return schemas.ModelList(models=[rendering.description(model, default) for model in stored])

    async def health(self, _: RequestName) -> schemas.Health:
        """Sum up how the service is; always 200."""
        service = self._service
        return schemas.Health(
            status=service.status,
            ready=service.status == "ready",
            version=__version__,
            model=rendering.identity(service.model) if service.model else None,
        )

    async def live(self, _: RequestName) -> schemas.Liveness:
        """Answer as long as the process runs."""
        return schemas.Liveness()

    async def ready(self, name: RequestName) -> schemas.Health:
        """Answer 200 once the default model is loaded, verified and warm; 503 before."""
        _ = self._service.screener
        return await self.health(name)

    async def problem(
        self, slug: str, _: RequestName, language: AnswerLanguage
    ) -> problems.Problem:
        """Explain a type of problem."""
        if slug not in problems.STATUS:
            raise HTTPException(404)
        return problems.describe(slug, language)
