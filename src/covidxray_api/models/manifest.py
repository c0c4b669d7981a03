"""What a stored model says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from covidxray_api.models.artefacts import Declaration
from covidxray_api.texts import LANGUAGES, Language

WEIGHTS = "model.keras"
COMPILED = "model.onnx"

BALANCED = "balanced"
"""Operating point that holds where none is named."""

POINTS = ("screening", BALANCED, "specific")
"""Operating points from the most sensitive to the most specific."""


class Label(Declaration):
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


class PredictionSet(Declaration):
    """Which labels an answer cannot rule out: split conformal prediction, class by class."""

    coverage: float = Field(gt=0, lt=1)
    """Least share of new patients of each class whose label is in the set, if they come from the
    sources that it was fitted on (Vovk 2012; Angelopoulos & Bates 2023, section 4.2)."""

    least: Mapping[str, float]
    """Least calibrated probability with which a label is in the set, by label code."""

    temperature: PositiveFloat | None = None
    """Temperature of the probabilities that `least` is of; that of the manifest if none."""


class OperatingPoint(Declaration):
    """A choice between missing disease and alarming for nothing."""

    weights: Mapping[str, PositiveFloat]
    """Weight by label code; the label is the one whose probability is the largest multiple of its
    weight."""

    target: str
    """Label that sensitivity and specificity are about."""

    sensitivity: float = Field(ge=0, le=1)
    """Share of held-out radiographs with the target that are called so, at weights fitted without
    them."""

    specificity: float = Field(ge=0, le=1)
    """Share of the other held-out radiographs that are not, other findings among them, at weights
    fitted without them."""

    cases: NonNegativeInt
    """Held-out radiographs with the target, behind the sensitivity."""

    controls: NonNegativeInt
    """Held-out radiographs without it, behind the specificity."""

    @model_validator(mode="after")
    def _target_is_weighed(self) -> Self:
        if self.target not in self.weights:
            raise ValueError(f"the target {self.target} has no weight")
        return self

    @property
    def cut_offs(self) -> dict[str, float]:
        """Probability from which on each label is the answer, however the rest is divided, 0 to 1.

        The rest counts most for the other label of the smallest weight: p / w > (1 - p) / v.
        """
        cut_offs = {}
        for code, weight in self.weights.items():
            rival = min(other for name, other in self.weights.items() if name != code)
            cut_offs[code] = weight / (weight + rival)
        return cut_offs


class Preprocessing(Declaration):
    """How a radiograph becomes the input of a network; the steps follow each other as listed."""

    rim: float = Field(default=0.0, ge=0, lt=0.5)
    """Share of height and width that is cut off at each side."""

    fit: Literal["squash", "pad"] = "squash"
    """Whether the image is squashed to the input's shape, or padded with black to its ratio."""

    low_pass: PositiveInt | None = None
    """Height and width, in pixels, to which the image is reduced before it is brought to `size`:
    finer detail is lost."""

    size: tuple[PositiveInt, PositiveInt]
    """Height and width of the input, in pixels."""

    mean: float = 0.0
    """Subtracted from intensities of 0–1."""

    scale: PositiveFloat = 1.0
    """What they are then divided by."""

    channels: Literal[1, 3] = 1
    """Number of channels, all alike."""


class Parity(Declaration):
    """How the compiled form compares with Keras."""

    compiler: str
    """Name and version of what compiled it."""

    radiographs: int
    """Real radiographs on which both were asked."""

    largest_difference: float
    """Largest difference of a probability."""

    labels_changed: int
    """Radiographs whose most probable label differs."""


class Manifest(Declaration):
    """What a stored model says of itself."""

    name: str
    """Name of the model: its folder."""

    version: str
    """Version of the model: a whole number, counted up at each publication."""

    description: str
    """One sentence for people who choose between models."""

    labels: tuple[Label, ...] = Field(min_length=2)
    """Classes in the order of the network's outputs."""

    preprocessing: Preprocessing
    """How a radiograph becomes the network's input."""

    temperature: float = Field(default=1.0, gt=0)
    """Calibration: logits are divided by it (Guo et al. 2017); 1 leaves them as they are."""

    prediction_set: PredictionSet | None = None
    """Rule of the prediction set; without one, it holds the predicted label alone."""

    conclusive_from: float = Field(default=0.9, ge=0.5, le=1)
    """Least probability of a label that is said without reserve; see `decision.Decision`."""

    operating_points: Mapping[str, OperatingPoint] = {}
    """Operating points by name; `balanced` holds where a request names none. Without any, the most
    probable label is the answer."""

    not_for_patients: bool = False
    """Whether it is stored as evidence or for comparison alone."""

    training: Mapping[str, Any] = {}
    """How it was trained: configuration, and number of radiographs by source and label."""

    probe: tuple[float, ...] | None = None
    """Answer to `inference.loading.probe` when it was published; asked again at each load."""

    parity: Parity | None = None
    """How the compiled form compares with Keras; none if it was not compiled from it."""

    files: Mapping[str, str]
    """SHA-256 of each file beside the manifest, by file name."""

    training_files: Mapping[str, str] = {}
    """SHA-256 of those that only training reads; they may be absent where the model is served."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the network's input, in pixels."""
        return self.preprocessing.size

    @property
    def codes(self) -> list[str]:
        """Label codes in the order of the network's outputs."""
        return [label.code for label in self.labels]

    @model_validator(mode="after")
    def _codes_are_those_of_the_labels(self) -> Self:
        codes = set(self.codes)
        if len(codes) != len(self.labels):
            raise ValueError("two labels have one code")
        named = [set(point.weights) for point in self.operating_points.values()]
        named += [set(self.prediction_set.least)] if self.prediction_set else []
        if any(names != codes for names in named):
            raise ValueError(f"a rule names other labels than {', '.join(self.codes)}")
        return self

    @model_validator(mode="after")
    def _operating_points_are_in_order(self) -> Self:
        if self.operating_points and BALANCED not in self.operating_points:
            raise ValueError(f"there is no operating point {BALANCED}")
        order = [self.operating_points[name] for name in POINTS if name in self.operating_points]
        found = [point.sensitivity for point in order]
        if found != sorted(found, reverse=True):
            raise ValueError("a stricter operating point has the larger sensitivity")
        return self
