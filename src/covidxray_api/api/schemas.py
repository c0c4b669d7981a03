"""What else the API takes and gives: feedback, and how the service is."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from covidxray_api.api.problems import Problem
from covidxray_api.records.feedback import Opinion
from covidxray_api.rendering.schemas import ModelIdentity, Named, Prediction, Schema


class ModelVersion(Schema):
    """Which model an answer came from."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    """Name of the model."""

    version: str = Field(min_length=1, max_length=100)
    """Version of the model."""


class Feedback(Schema):
    """What a clinician thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    request_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")
    """`request_id` of the answer."""

    model: ModelVersion
    """Which model it came from."""

    predicted_label: str | None
    """Code of the label that was given; null if the image was rejected."""

    opinion: Opinion
    """What the clinician thinks of it."""

    corrected_label: str | None = None
    """Code of the label that is right, if the clinician names one."""

    comment: str | None = Field(default=None, max_length=2000, pattern=r"^[^\x00]*$")
    """The clinician's words, without anything by which a patient is known."""


class KeptFeedback(Schema):
    """Feedback was kept."""

    id: int
    """Its number in the records."""

    request_id: str
    """`request_id` of the answer that it is about."""


class BatchAnswer(Schema):
    """What came of one file of a batch: a prediction or a problem."""

    index: int
    """Place of the file in the form, from 0."""

    filename: str | None
    """Name of the file as the form states it; null if it states none."""

    prediction: Prediction | None
    """The answer of `/predict`, whose `request_id` has the place at its end; null if there is a
    problem."""

    problem: Problem | None
    """Why this file got no answer; null if it did."""


class Batch(Named):
    """The answers to several files."""

    answers: list[BatchAnswer]
    """One for each file, in the order of the form."""


class Health(Schema):
    """How the service is."""

    status: Literal["starting", "ready", "failed"]
    """`starting` until the default model is loaded, verified and warm; `failed` if it cannot be."""

    ready: bool
    """Whether requests are answered."""

    version: str
    """Version of the service."""

    model: ModelIdentity | None
    """The default model, once it is loaded."""


class Liveness(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""
