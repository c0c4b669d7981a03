"""An answer in JSON, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from covidxray_api.consistency.quality import Action
from covidxray_api.settings import EngineName
from covidxray_api.texts import codes


def one_of(known: Sequence[str]) -> Any:
    """Return the description of a code of which there may be more in a later minor version."""
    said = ", ".join(f"`{code}`" for code in known)
    return Field(
        description=f"Stable name, the same in every language. A later version may add to these:"
        f" {said}; docs/codes.md explains each.",
        examples=[known[0]],
        json_schema_extra={"x-extensible-enum": list(known)},
    )


class Schema(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Coded(Schema):
    """Something said to people, with a code for programs."""

    code: str
    """Stable name, the same in every language."""

    message: str
    """Sentence in the language of the answer."""


class Rejection(Coded):
    """Why an image gets no diagnosis."""

    code: Annotated[str, one_of(codes.REJECTIONS)]


class Warned(Coded):
    """What was assumed in reading a file, or why the service should not be used at the site."""

    code: Annotated[str, one_of(codes.WARNINGS)]


class Withheld(Coded):
    """Why there is no saliency map."""

    code: Annotated[str, one_of(codes.WITHHELD)]


class Limit(Coded):
    """What an answer does not tell."""

    code: Annotated[str, one_of(codes.LIMITS)]


class Figure(Coded):
    """How often answers were right or wrong."""

    code: Annotated[str, one_of(codes.FIGURES)]


class Note(Coded):
    """What a saliency map does and does not mean."""

    code: Annotated[str, one_of(codes.NOTES)]


class StrongestSpot(Coded):
    """Where a saliency map is strongest."""

    code: Annotated[str, one_of(codes.SPOTS)]

    lung_finder: str
    """Version of the network that looked for the lungs."""


class Finding(Coded):
    """Something about the image that its sender should know, and what to do about it."""

    code: Annotated[str, one_of(codes.FINDINGS)]

    action: Action
    """What followed: no diagnosis; the image was corrected before it was read; or nothing."""


class ConsistencyCheck(Schema):
    """How like a frontal chest radiograph the image is."""

    consistent: bool
    """Whether the image is taken for a frontal chest radiograph."""

    gate: str | None
    """Version of the learned gate that decided; null where similarity alone did."""

    score: float | None
    """How sure the learned gate is of that, 0 to 1; null with `?gate=ssim`."""

    least_score: float | None
    """Least score of a chest radiograph; null with `?gate=ssim`."""

    ssim: float
    """Structural similarity to the mean radiograph, -1 to 1."""

    threshold: float
    """Least similarity of a chest radiograph, which decides with `?gate=ssim` only."""

    findings: list[Finding]
    """What else is to be said of the image."""


class ModelIdentity(Schema):
    """Which network answered."""

    name: str
    """Name of the model, as `?model=` takes it."""

    version: str
    """Version of the model."""

    sha256: str
    """SHA-256 of its manifest, which has the hash of each of its files."""


class AnsweringModel(ModelIdentity):
    """Which network answered, and how."""

    engine: EngineName
    """What computed it: `compiled`, or `keras` for TensorFlow itself."""


class Site(Schema):
    """The profile of the site in force, fitted on its radiographs from before COVID-19."""

    name: str
    """Name of the site."""

    radiographs: int
    """Number of radiographs that it was fitted on."""

    labelled: int
    """Number of radiographs that the site has labelled, by which probabilities are calibrated
    there; 0 if they are the model's own."""

    sha256: str
    """SHA-256 of the profile."""


class AnsweringSite(Site):
    """The profile of the site in force, and how unusual the radiograph is there."""

    p_value: float | None
    """Share of the site's radiographs, this one among them, that are at least as suspicious of the
    operating points' target: small where it stands out. Radiographs of the site without the disease
    reach at most a value of alpha with a probability of at most alpha. Null if the image was
    rejected."""


class Rate(Schema):
    """A share with its 95 % interval."""

    value: float
    """The share."""

    low: float
    """Lower end."""

    high: float
    """Upper end."""


class SitePoint(Schema):
    """What is to be expected of an operating point at the site."""

    alpha: float
    """Largest share of false positives that is accepted; radiographs whose `p_value` is at most so
    large are called the target."""

    false_positive_rate: Rate
    """Share of the site's new radiographs without the disease that are called so: the largest in
    expectation over profiles, and where the rate of 95 % of profiles lies."""

    sensitivity: Rate
    """Share of radiographs with the disease that are called so; see `cases_from`."""


class SiteRemoteness(Schema):
    """How far the radiographs of the site lie from those that the model has learned from."""

    value: float
    """Probability that one lies farther than a held-out one without the disease of known hospitals:
    0.5 where they are alike."""

    most: float
    """Of nearly all profiles from known hospitals; above it the model should not be used."""


class SiteTemperature(Schema):
    """What the logits are divided by at the site."""

    value: float
    """In place of the model's."""

    low: float
    """Lower end of its 95 % interval."""

    high: float
    """Upper end."""


class SiteLabels(Schema):
    """What the radiographs say that the site has labelled."""

    radiographs: int
    """Number of them."""

    cases: int
    """Those with the disease."""

    found: Rate | None
    """Share of the latter that are called so at `balanced`; null if there are none."""

    temperature: SiteTemperature
    """Fitted on them: near the model's where they are few."""


class SiteDescription(Site):
    """The profile of the site in force, and what it promises."""

    operating_points: dict[str, SitePoint]
    """What is to be expected, by the name of the operating point."""

    cases_from: Literal["known_hospitals", "site"]
    """Whether the sensitivity is measured on held-out radiographs of known hospitals, or on the
    site's own."""

    shift: float
    """Probability that a radiograph of the site is more suspicious than a held-out one without the
    disease of known hospitals: 0.5 where they are alike."""

    remoteness: SiteRemoteness | None
    """How far the site lies from known hospitals; null if the model does not say."""

    labels: SiteLabels | None
    """What the radiographs say that the site has labelled; null without any."""

    doubts: list[str]
    """Codes of why the service should not be used at the site; empty if it may."""


class Named(Schema):
    """An answer that can be found in the log."""

    request_id: str
    """Identifier of the request in the service's log."""


class ValidationAnswer(Schema):
    """Whether an image is a frontal chest radiograph."""

    rejected: bool
    """Whether the image gets no diagnosis because it is no frontal chest radiograph."""

    rejection: Rejection | None
    """Why it was rejected; null if it was not."""

    consistency: ConsistencyCheck
    """How like a chest radiograph it is."""

    warnings: list[Warned]
    """What had to be decided in reading the file, and why the service should not be used at the
    site."""

    reference: str | None
    """Reference that the request gave as `X-Reference`; null without one."""

    notice: str
    """What this answer is not."""


class PredictiveValues(Schema):
    """What the answer is worth where the disease is as frequent as the request states."""

    target: str
    """Code of the label that they are about."""

    prevalence: float
    """Share of patients who have it, as stated."""

    positive: float
    """Probability that a patient whose radiograph is called so has it."""

    negative: float
    """Probability that a patient whose radiograph is not called so does not have it."""

    false_positive_rate: float
    """Share of patients without it whose radiograph is called so, behind both."""

    elsewhere: bool
    """Whether that share was measured at hospitals left out of the training; else it is that of the
    operating point."""

    message: str
    """Both in words, in the language of the answer."""


class Measured(Rate):
    """A share that was measured, with its 95 % interval."""

    n: int
    """Number of radiographs behind it."""


class MeasuredAt(Measured):
    """A share that was measured at one source."""

    source: str
    """Name of the source."""


class Elsewhere(Measured):
    """Share of adults without the target who are called so at hospitals left out of training."""

    worst: MeasuredAt | None
    """The largest share at one of them; null if they were not measured one by one."""


class OperatingPoint(Schema):
    """A choice between missed cases and false alarms."""

    weights: dict[str, float]
    """Weight by label code, above 0; the label is the one whose probability is the largest multiple
    of its weight."""

    cut_offs: dict[str, float]
    """By label code, the probability from which on that label is the answer, however the rest is
    divided among the others, 0 to 1."""

    target: str
    """Label that sensitivity and specificity are about."""

    sensitivity: float
    """Share of held-out radiographs with the target that are called so."""

    specificity: float
    """Share of the other held-out radiographs that are not."""

    cases: int
    """Number of held-out radiographs with the target, behind the sensitivity."""

    controls: int
    """Number of held-out radiographs without it, behind the specificity."""

    elsewhere: Elsewhere | None
    """False positives at hospitals left out of the training; null if they were not measured, or the
    point is a site's."""

    figures: dict[str, list[Figure]]
    """What to expect of it, in words, by language; as in the answers."""


class Candidate(Schema):
    """A label that is to be considered."""

    code: str
    """Stable name, as in `probabilities`."""

    display: str
    """What it says, in the language of the answer."""


class Decision(Schema):
    """What follows from the probabilities at one operating point."""

    predicted_label: str
    """Code of the label."""

    display_label: str
    """Its name in the language of the answer."""

    cut_offs: dict[str, float]
    """By label code, the probability from which on that label would be the answer for this
    radiograph, the others keeping their proportions, 0 to 1. The predicted label alone reaches its
    own."""

    prediction_set: list[str]
    """Codes of the labels that remain possible, the predicted one among them. For new patients of
    the sources that the model was fitted on, the right label is among them as often as `/models`
    states as `coverage`."""

    uncertain: bool
    """Whether another label than the predicted one remains possible: a person must decide."""

    conclusive: bool
    """Whether the answer is said without reserve: its label remains alone, is the most probable
    one, and is as probable as `/models` states as `conclusive_from`."""

    headline: str
    """The answer in a few words, in its language: the label if it is conclusive, and else that
    it is not."""

    candidates: list[Candidate]
    """Labels to be considered where the answer is not conclusive, the most probable first; empty
    where it is."""

    statement: str
    """The answer in sentences for a report, with the limits in them."""

    limits: list[Limit]
    """What this answer does not tell."""

    figures: list[Figure]
    """How often such answers were wrong or right, in words: at hospitals left out of the training
    first, where that was measured; at the site, where its profile is in force."""

    predictive_values: PredictiveValues | None
    """What the answer is worth at the stated `?prevalence=`; null without it."""


class ScreeningAnswer(ValidationAnswer):
    """What the service has to say of an image."""

    predicted_label: str | None
    """Code of the label at the operating point; null if the image was rejected."""

    operating_point: str | None
    """Name of the operating point that decided; null if the model has none, where the most probable
    label is the answer."""

    display_label: str | None
    """Its name in the language of the answer."""

    probabilities: dict[str, float] | None
    """Calibrated probability of each label, summing to 1; null if the image was rejected."""

    cut_offs: dict[str, float] | None
    """By label code, the probability from which on that label would be the answer for this
    radiograph, the others keeping their proportions, 0 to 1; null if the image was rejected. The
    predicted label alone reaches its own."""

    prediction_set: list[str] | None
    """Codes of the labels that remain possible, the predicted one among them; null if the image was
    rejected. For new patients of the sources that the model was fitted on, the right label is among
    them as often as `/models` states as `coverage`."""

    uncertain: bool
    """Whether another label than the predicted one remains possible: a person must decide."""

    conclusive: bool
    """Whether the answer is said without reserve: its label remains alone, is the most probable
    one, and is as probable as `/models` states as `conclusive_from`."""

    headline: str
    """The answer in a few words, in its language: why the image was rejected, the label if it is
    conclusive, or that it is not."""

    candidates: list[Candidate]
    """Labels to be considered where the answer is not conclusive, the most probable first; empty
    where it is."""

    statement: str
    """The answer in sentences for a report, with the limits in them."""

    limits: list[Limit]
    """What this answer does not tell."""

    figures: list[Figure]
    """How often such answers were wrong or right, in words: at hospitals left out of the training
    first, where that was measured; at the site, where its profile is in force."""

    predictive_values: PredictiveValues | None
    """What the answer is worth at the stated `?prevalence=`; null without it, and for an image
    that was rejected."""

    decisions: dict[str, Decision]
    """What follows at each operating point of the model, by its name: another may be chosen
    without another upload. Empty if the image was rejected, or the model has none."""

    model: AnsweringModel
    """Which network answered, or would have."""

    site: AnsweringSite | None
    """The site whose operating points hold; null if they are those of the model."""


class Validation(ValidationAnswer, Named):
    """The answer of `/validate`."""


class Prediction(ScreeningAnswer, Named):
    """The answer of `/predict`."""


class ExplanationMap(Schema):
    """Which parts of a radiograph speak for a label."""

    height: int
    """Rows."""

    width: int
    """Columns."""

    values: list[list[float]]
    """How much each cell speaks for the label, 0 to 1, row by row from the top of the image
    as it was sent; the cells divide it evenly."""


class Point(Schema):
    """A point of the image as it was sent."""

    x: float
    """From its left, as a share of its width."""

    y: float
    """From its top, as a share of its height."""


class Explanation(Schema):
    """Why a label is given."""

    label: str
    """Code of the label that is explained."""

    display_label: str
    """Its name in the language of the answer."""

    withheld: Withheld | None
    """Why there is no map; null if there is one."""

    map: ExplanationMap | None
    """Where the network found what speaks for the label (HiResCAM); null if it is withheld."""

    drop: float | None
    """By how much the label's probability falls when the fifth of the image that the map marks
    most is covered; null without a map to cover by."""

    random_drop: float | None
    """By how much it falls on average when as large an area elsewhere is covered."""

    largest_drop: float | None
    """By how much it falls at most when as large an area in one of four other places is covered: a
    map is withheld unless `drop` is larger, by a hundredth at least."""

    lungs: list[list[Point]] | None
    """Outlines of the lungs as the lung finder finds them: closed polygons, largest first; empty
    if it does not find them, null where `strongest_spot` is."""

    strongest_spot: StrongestSpot | None
    """Whether the map's strongest cell lies in the lungs; null if the map is withheld, or the
    service's reference has no lung finder."""

    notes: list[Note]
    """What the map does and does not mean; empty if it is withheld."""


class Explained(Prediction):
    """The answer of `/explain`."""

    explanation: Explanation | None
    """Why; null if the image was rejected."""


class LabelNames(Schema):
    """One class that a model tells apart."""

    code: str
    """Stable name, as in `probabilities`."""

    display: dict[str, str]
    """Name of the label, by language."""

    headline: dict[str, str]
    """What a conclusive answer says, by language."""

    short: dict[str, str]
    """Name beside a bar, by language."""


class Preprocessing(Schema):
    """How a radiograph becomes the input of a network; the steps follow each other as listed."""

    rim: float
    """Share of height and width that is cut off at each side."""

    fit: Literal["squash", "pad"]
    """Whether the image is squashed to the input's shape, or padded with black to its ratio."""

    low_pass: int | None
    """Height and width, in pixels, to which the image is reduced first; null if it is not."""

    size: Annotated[list[int], Field(min_length=2, max_length=2)]
    """Height and width of the input, in pixels."""

    mean: float
    """Subtracted from intensities of 0 to 1."""

    scale: float
    """What they are then divided by."""

    channels: int
    """Number of channels, all alike."""


class ModelDescription(ModelIdentity):
    """A stored model."""

    description: str
    """One sentence for people who choose between models."""

    default: bool
    """Whether it answers when a request names none."""

    labels: list[LabelNames]
    """Classes in the order of the network's outputs."""

    input_size: Annotated[list[int], Field(min_length=2, max_length=2)]
    """Height and width of the network's input, in pixels."""

    preprocessing: Preprocessing
    """How a radiograph becomes the network's input."""

    operating_points: dict[str, OperatingPoint]
    """What `?operating_point=` takes, by name; `balanced` holds if none is named."""

    site: SiteDescription | None
    """The site whose operating points hold, with its radiographs as controls; null if they are
    those of the model."""

    conclusive_from: float
    """Least probability of a label that is said without reserve."""

    not_for_patients: bool
    """Whether it is stored as evidence or for comparison alone, and must not be used for
    patients."""

    coverage: float | None
    """Least share of new patients of each class whose right label is in `prediction_set`, if they
    come from the sources that the model was fitted on; null if it makes no such claim."""

    training: dict[str, Any]
    """How it was trained: configuration, and number of radiographs by source and label."""

    metrics: dict[str, Any]
    """What was measured, each figure with its data set, protocol and n."""


class ModelList(Schema):
    """The stored models."""

    models: list[ModelDescription]
    """The version of each that answers, by name."""
