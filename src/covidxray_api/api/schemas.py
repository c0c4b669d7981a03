"""What the service answers, field by field."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_NOTICE = "Decision support, not a diagnosis: a radiologist must read the film."
_MODEL = {"name": "multi-source", "version": "1", "sha256": _SHA256}
_REQUEST_ID = "0b6c1f6e-6a2f-4a57-9a55-2f1d5b6d0a11"
_CONSISTENT = {"ssim": 0.47, "threshold": 0.33, "consistent": True}
_INCONSISTENT = {"ssim": 0.12, "threshold": 0.33, "consistent": False}
_REJECTION = {
    "code": "not_a_chest_radiograph",
    "message": "The image is not a chest radiograph",
}


def _with_examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(use_attribute_docstrings=True, json_schema_extra={"examples": list(examples)})


class Coded(BaseModel):
    """Something said to people, with a code for programs."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """Stable name, the same in every language."""

    message: str
    """Sentence in the language of the answer."""


class ConsistencyCheck(BaseModel):
    """How like a frontal chest radiograph the image is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    ssim: float
    """Structural similarity to the mean radiograph, -1 to 1."""

    threshold: float
    """Least similarity of a chest radiograph."""

    consistent: bool
    """Whether the image is taken for a frontal chest radiograph."""


class ModelIdentity(BaseModel):
    """Which network answered."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """Name of the model, as `?model=` takes it."""

    version: str
    """Version of the model."""

    sha256: str
    """SHA-256 of its weights."""


class Validation(BaseModel):
    """The answer of `/validate`."""

    model_config = _with_examples(
        {
            "request_id": _REQUEST_ID,
            "rejected": False,
            "rejection": None,
            "consistency": _CONSISTENT,
            "warnings": [],
        },
        {
            "request_id": _REQUEST_ID,
            "rejected": True,
            "rejection": _REJECTION,
            "consistency": _INCONSISTENT,
            "warnings": [],
        },
    )

    request_id: str
    """Name of the request in the service's log."""

    rejected: bool
    """Whether the image gets no diagnosis because it is no frontal chest radiograph."""

    rejection: Coded | None
    """Why it was rejected; null if it was not."""

    consistency: ConsistencyCheck
    """How like a chest radiograph it is."""

    warnings: list[Coded]
    """What had to be decided in reading the file."""


class Prediction(BaseModel):
    """The answer of `/predict`."""

    model_config = _with_examples(
        {
            "request_id": _REQUEST_ID,
            "rejected": False,
            "rejection": None,
            "predicted_label": "covid_19",
            "display_label": "COVID-19",
            "probabilities": {"normal": 0.01, "covid_19": 0.97, "viral_pneumonia": 0.02},
            "uncertain": False,
            "consistency": _CONSISTENT,
            "model": _MODEL,
            "warnings": [],
            "notice": _NOTICE,
        },
        {
            "request_id": _REQUEST_ID,
            "rejected": True,
            "rejection": _REJECTION,
            "predicted_label": None,
            "display_label": None,
            "probabilities": None,
            "uncertain": False,
            "consistency": _INCONSISTENT,
            "model": _MODEL,
            "warnings": [],
            "notice": _NOTICE,
        },
    )

    request_id: str
    """Name of the request in the service's log."""

    rejected: bool
    """Whether the image got no diagnosis because it is no frontal chest radiograph."""

    rejection: Coded | None
    """Why it was rejected; null if it was not."""

    predicted_label: str | None
    """Code of the most probable label; null if the image was rejected."""

    display_label: str | None
    """Its name in the language of the answer."""

    probabilities: dict[str, float] | None
    """Calibrated probability of each label, summing to 1; null if the image was rejected."""

    uncertain: bool
    """Whether several labels, or none, remain possible: a person must decide."""

    consistency: ConsistencyCheck
    """How like a chest radiograph it is."""

    model: ModelIdentity
    """Which network answered, or would have."""

    warnings: list[Coded]
    """What had to be decided in reading the file."""

    notice: str
    """What this answer is not."""


class LabelNames(BaseModel):
    """One class that a model tells apart."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """Stable name, as in `probabilities`."""

    display: dict[str, str]
    """Name shown to people, by language."""


class ModelDescription(ModelIdentity):
    """A stored model."""

    model_config = _with_examples(
        {
            **_MODEL,
            "description": "Compact network trained on the films of all sources.",
            "default": True,
            "labels": [{"code": "normal", "display": {"en": "Normal", "es": "Normal"}}],
            "input_size": [112, 112],
            "training": {"films": {"rsna": {"normal": 500}}},
            "metrics": {},
        }
    )

    description: str
    """One sentence for people who choose between models."""

    default: bool
    """Whether it answers when a request names none."""

    labels: list[LabelNames]
    """Classes in the order of the network's outputs."""

    input_size: tuple[int, int]
    """Height and width of the network's input, in pixels."""

    training: dict[str, Any]
    """How it was trained: configuration, and number of films by source and label."""

    metrics: dict[str, Any]
    """What was measured when it was published."""


class ModelList(BaseModel):
    """The stored models."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    models: list[ModelDescription]
    """The newest version of each, by name."""


class Health(BaseModel):
    """How the service is."""

    model_config = _with_examples(
        {"status": "ready", "ready": True, "version": "0.1.0", "model": _MODEL},
        {"status": "starting", "ready": False, "version": "0.1.0", "model": None},
    )

    status: Literal["starting", "ready", "failed"]
    """`starting` until the default model is loaded, verified and warm; `failed` if it cannot be."""

    ready: bool
    """Whether requests are answered."""

    version: str
    """Version of the service."""

    model: ModelIdentity | None
    """The default model, once it is loaded."""


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""
