"""What else the API takes and gives: feedback, and how the service is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from covidxray_api.api.problems import Problem
from covidxray_api.records.feedback import Opinion
from covidxray_api.rendering.schemas import ModelIdentity, Named, Prediction, Schema, one_of
from covidxray_api.texts import codes


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

    replaces: int | None
    """Number of an earlier opinion of the same answer, which this one replaces."""


class GivenFeedback(Schema):
    """A clinician's opinion in the records."""

    id: int
    """Its number."""

    created_at: datetime
    """When it was given."""

    opinion: Opinion
    """What the clinician thinks of the answer."""

    corrected_label: str | None
    """Code of the label that is right, if the clinician named one."""

    comment: str | None
    """The clinician's words."""


class RecordedScreening(Schema):
    """The record of a screening: nothing of the image but a keyed hash, and no patient."""

    number: int
    """Its number in the record."""

    created_at: datetime
    """When it was answered."""

    request_id: str
    """`request_id` of the answer."""

    caller: str | None
    """Who asked: `key:` and the name of an API key, `oidc:` and the subject of a token; null where
    callers are not told apart."""

    image: str
    """HMAC-SHA-256 of the file as it was sent: the same file has the same."""

    model: str
    """Name of the model that answered, or would have."""

    model_version: str
    """Its version."""

    model_sha256: str
    """SHA-256 of its manifest."""

    engine: str
    """What computed its network."""

    gate: str | None
    """Version of the learned gate; null if similarity alone decided."""

    site: str | None
    """Name of the site profile in force."""

    site_sha256: str | None
    """SHA-256 of its file."""

    p_value: float | None
    """Of the answer, at the site."""

    rejection: str | None
    """Code of the reason why the image got no diagnosis."""

    ssim: float
    """Structural similarity to the mean radiograph, -1 to 1."""

    gate_score: float | None
    """Score of the learned gate, 0 to 1."""

    distance: float | None
    """How far the image lies from the nearest of the sources that the model has learned from, less
    how far from all of them (relative Mahalanobis distance): larger the farther. Null if the model
    does not say so, or the image got no diagnosis."""

    findings: list[str]
    """Codes of what else was found of the image."""

    probabilities: dict[str, float] | None
    """Calibrated probability by label."""

    operating_point: str | None
    """Operating point of the answer."""

    predicted_label: str | None
    """Code of the label that was given; null if the image was rejected."""

    prediction_set: list[str] | None
    """Codes of the labels that remained possible."""

    conclusive: bool | None
    """Whether the answer was conclusive."""

    warnings: list[str]
    """Codes of what was assumed of the file, and of why the service should not be used."""

    seconds: dict[str, float]
    """Time that each stage took, in seconds."""

    feedback: GivenFeedback | None = None
    """The latest opinion of the answer."""


class Priority(Schema):
    """How urgent it is that somebody reads a study."""

    code: str = one_of(codes.PRIORITIES)

    message: str
    """What it means, in the language of the answer."""


class WorklistStudy(Schema):
    """A study that was screened, for who reads it."""

    study_instance_uid: str
    """By which an archive and its viewers open it."""

    priority: Priority
    """That of its most urgent film."""

    films: int
    """Films of it that were screened."""

    received_at: datetime
    """When the first of them was."""

    read_at: datetime | None
    """When somebody marked it as read; null if nobody has, or a film has come since."""

    request_ids: list[str]
    """Of the requests that screened its films, oldest first."""

    pictures: list[str]
    """Paths of the answers as pictures, with the film and its map; empty once they are dropped."""


class Worklist(Schema):
    """The studies whose results are kept: unread first, then by priority, then as they came."""

    studies: list[WorklistStudy]
    """In this order."""

    notice: str
    """What the answers are not."""


class ScreeningPage(Schema):
    """Recorded screenings, the latest first."""

    screenings: list[RecordedScreening]
    """Of this page."""

    next: int | None
    """`before` of the next page; null on the last."""


class Agreement(Schema):
    """How far clinicians agree with a version of a model.

    The latest opinion of each answer counts. Opinions are given of some answers and not of others:
    this is no accuracy.
    """

    model: str
    """Name of the model."""

    model_version: str
    """Its version."""

    agree: int
    """Answers that were agreed with."""

    disagree: int
    """Answers that were disagreed with."""

    not_sure: int
    """Answers of which somebody was not sure."""

    agreement: float | None
    """Share of those who agree among those who are sure; null if nobody is."""

    interval: tuple[float, float] | None
    """Its 95 % interval (Wilson 1927)."""


class FeedbackSummary(Schema):
    """How far clinicians agree, by version of a model."""

    models: list[Agreement]
    """Of each version that there are opinions of."""


class BatchAnswer(Schema):
    """What came of one file of a batch: a prediction or a problem."""

    index: int
    """Place of the file in the form, from 0."""

    filename: str | None
    """Name of the file as the form states it, and of one in an archive both names, as
    `study.zip/IM0001`; null if there is none."""

    prediction: Prediction | None
    """The answer of `/predict`, whose `request_id` has the place at its end; null if there is a
    problem."""

    problem: Problem | None
    """Why this file got no answer; null if it did."""


class Batch(Named):
    """The answers to several files."""

    answers: list[BatchAnswer]
    """One for each file, in the order of the form."""


class Job(Schema):
    """Several radiographs that were handed in."""

    id: str
    """Identifier of the job."""

    state: Literal["queued", "running", "ended"]
    """`ended` once every file has an answer or a problem."""

    created_at: datetime
    """When it was handed in."""

    ended_at: datetime | None
    """When its last file was answered; null before."""

    erased_at: datetime | None
    """From when on it is erased, answers and all; null as long as it has not ended."""

    files: int
    """How many files it has."""

    answered: int
    """How many of them have an answer or a problem."""

    problems: int
    """How many have a problem."""

    webhook: Literal["waiting", "delivered", "failed"] | None
    """Whether the address of the caller has been told that the job has ended; null if there is
    none."""

    answers: list[BatchAnswer]
    """Those that there are by now, in the order of the form."""


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

    records: Literal["off", "ok", "failing"]
    """Whether screenings are recorded, and whether that works."""

    change: Literal["loading", "loaded", "switched", "failed"] | None
    """How the latest change of models went that this process was asked for (SIGHUP), or how far it
    is; after one that `failed`, the models of before answer. None if there was none."""


class Liveness(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""


class Drift(Schema):
    """How the latest screenings differ from the reference in one measure."""

    measure: Literal["score", "ssim", "gate_score", "distance", "rejected"]
    """`score`: the ratio that the decision rests on; `ssim`: similarity to the mean radiograph;
    `gate_score`: the gate's; `distance`: from the radiographs that the model has learned from;
    `rejected`: the share of images that the gate refuses."""

    state: Literal["no_reference", "too_few", "stable", "shifted"]
    """`shifted`: the index is at least 0.2, and beyond chance; `too_few`: fewer than 100."""

    reference: Literal["site", "held_out"] | None
    """The site's own radiographs, or held-out ones of known hospitals; both without COVID-19."""

    radiographs: int
    """Of the latest screenings, those that have the measure."""

    index: float | None
    """Population stability index."""

    by_chance: float | None
    """Index that chance alone exceeds once in a thousand times."""


class DriftReport(Schema):
    """How the latest recorded screenings differ from what the default model was measured on."""

    model: str
    """Name of the default model."""

    model_version: str
    """Its version."""

    measures: list[Drift]
    """What is found of each measure."""
