"""What is asked by the Open Inference Protocol, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from covidxray_api.api.access_log import numbered
from covidxray_api.api.inference_protocol import InferRequest
from covidxray_api.errors import InvalidRequest, UnknownModel
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering.json import prediction
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.schemas import Prediction
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Screening
from covidxray_api.serving.service import ScreeningService
from covidxray_api.settings import GateName

NAME = "covidxray-api"
"""What the service calls itself."""


class _Parameters(BaseModel):
    """The parameters of `/predict`, as a request to infer states them."""

    operating_point: str | None = Field(default=None, min_length=1, max_length=100)
    prevalence: float | None = Field(default=None, gt=0, lt=1)
    gate: GateName | None = None


async def answering(service: ScreeningService, name: str, version: str | None) -> StoredModel:
    """Return the version of a model that can be asked: the one that answers.

    Raises
    ------
    UnknownModel
        If there is no such model, or another version is named.
    NotReady
        If the models cannot be read.
    """
    stored = (await service.models()).find(name)
    known = stored.manifest.version
    if version not in {None, known}:
        raise UnknownModel("version", name=name, version=version, known=(known,))
    return stored


def screening_all(
    asked: InferRequest, name: str, context: Context, tell: Callable[[Screening, bytes, str], None]
) -> Callable[[Screener], list[Prediction]]:
    """Return the work of a request to infer.

    Parameters
    ----------
    asked : InferRequest
        The request.
    name : str
        Name of the model.
    context : Context
        What is stated beside each answer, whose request id has the place of its image at its end.
    tell : callable
        Is told of each answer before it is given, with its image and its request id.

    Raises
    ------
    InvalidRequest
        If a parameter has no sensible value.
    """
    parameters = _parameters(asked.parameters)

    def work(screener: Screener) -> list[Prediction]:
        found: list[Prediction] = []
        for index, data in enumerate(asked.images):
            screening = screener.screen(data, name, **parameters)
            name_of_answer = numbered(context.request_id, index)
            found.append(prediction(screening, replace(context, request_id=name_of_answer)))
            tell(screening, data, name_of_answer)
        return found

    return work


def _parameters(stated: dict[str, Any]) -> dict[str, Any]:
    try:
        return _Parameters.model_validate(stated).model_dump()
    except ValidationError as error:
        faults = (f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise InvalidRequest("parameters", faults="; ".join(faults)) from error
