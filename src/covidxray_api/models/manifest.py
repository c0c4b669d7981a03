"""What a stored model says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from covidxray_api.models.artefacts import Frozen
from covidxray_api.texts import LANGUAGES, Language

WEIGHTS = "model.keras"
COMPILED = "model.onnx"


class Label(Frozen):
    """One class that the network tells apart."""

    code: str
    """Stable name in answers, e.g. `covid_19`."""

    display: Mapping[Language, str]
    """Name shown to people, by language (`en`, `es`)."""

    @field_validator("display")
    @classmethod
    def _every_language(cls, display: Mapping[Language, str]) -> Mapping[Language, str]:
        if missing := set(LANGUAGES) - set(display):
            raise ValueError(f"there is no name in {', '.join(sorted(missing))}")
        return display


class PredictionSet(Frozen):
    """Which labels an answer cannot rule out: split conformal prediction, class by class."""

    coverage: float = Field(gt=0, lt=1)
    """Least share of new patients of each class whose label is in the set, if they come from the
    sources that it was fitted on (Vovk 2012; Angelopoulos & Bates 2023, section 4.2)."""

    least: Mapping[str, float]
    """Least calibrated probability with which a label is in the set, by label code."""


class OperatingPoint(Frozen):
    """A choice between missing disease and alarming for nothing."""

    threshold: Mapping[str, float]
    """Decision threshold by label code; the label is the one whose probability is the largest
    multiple of its threshold."""

    target: str
    """Label that sensitivity and specificity are about."""

    sensitivity: float = Field(ge=0, le=1)
    """Share of held-out films with the target that are called so."""

    specificity: float = Field(ge=0, le=1)
    """Share of the other held-out films that are not, other findings among them."""

    films: tuple[int, int]
    """Number of films behind sensitivity and specificity."""


class Parity(Frozen):
    """How the compiled form compares with Keras."""

    compiler: str
    """Name and version of what compiled it."""

    films: int
    """Real films on which both were asked."""

    largest_difference: float
    """Largest difference of a probability."""

    labels_changed: int
    """Films whose most probable label differs."""

    probe: tuple[float, ...]
    """What Keras says of `inference.models.probe`; asked again at each load."""


class Manifest(Frozen):
    """What a stored model says of itself."""

    name: str
    """Name of the model: its folder."""

    version: str
    """Version of the model: a whole number, counted up at each publication."""

    description: str
    """One sentence for people who choose between models."""

    labels: tuple[Label, ...] = Field(min_length=2)
    """Classes in the order of the network's outputs."""

    input_size: tuple[int, int]
    """Height and width of the network's input, in pixels."""

    temperature: float = Field(default=1.0, gt=0)
    """Calibration: logits are divided by it (Guo et al. 2017); 1 leaves them as they are."""

    prediction_set: PredictionSet | None = None
    """Rule of the prediction set; without one, it holds the predicted label alone."""

    operating_points: Mapping[str, OperatingPoint] = {}
    """Operating points by name; `balanced` holds where a request names none. Without any, the most
    probable label is the answer."""

    training: Mapping[str, Any] = {}
    """How it was trained: configuration, and number of films by source and label."""

    metrics: Mapping[str, Any] = {}
    """What was measured when it was published, each with its data set, protocol and n."""

    parity: Parity | None = None
    """How the compiled form compares with Keras; none if there is no compiled form."""

    files: Mapping[str, str]
    """SHA-256 of each file beside the manifest, by file name."""
