"""The decision rule: from calibrated probabilities to a label, its cut-offs and what else remains.

The label is the one whose probability is the largest multiple of its weight at the operating point
(weighted argmax: Bayes' rule for unequal costs, Bishop 2006, section 1.5.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from covidxray_api.errors import UnknownOperatingPoint
from covidxray_api.models.evidence import Elsewhere
from covidxray_api.models.manifest import BALANCED, Label, Manifest, OperatingPoint


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """How far an answer can be believed where the disease is as frequent as stated."""

    target: str
    """Code of the label that they are about."""

    prevalence: float
    """Share of patients who have it."""

    positive: float
    """Probability that a patient whose radiograph is called so has it."""

    negative: float
    """Probability that a patient whose radiograph is not called so does not have it."""

    false_positive_rate: float
    """Share of patients without it whose radiograph is called so, behind both."""

    elsewhere: bool
    """Whether that share was measured at hospitals left out of training; else it is that of the
    operating point."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from the probabilities of one radiograph at one operating point."""

    operating_point: str | None
    """Name of the operating point; none if the model has none, and all weights are alike."""

    label: Label
    """The predicted label."""

    cut_offs: Mapping[str, float]
    """By label code, the probability from which on that label would be the answer for this
    radiograph, the others keeping their proportions, 0 to 1; the predicted label alone reaches
    its own."""

    prediction_set: tuple[Label, ...]
    """Labels that remain possible, the predicted one among them."""

    conclusive: bool
    """Whether the predicted label is said without reserve: it remains alone by a rule that was
    fitted on data, is the most probable one, and as probable as the manifest's `conclusive_from`.
    Without such a rule nothing rules out the others; no answer is conclusive then, nor any of a
    model that is not for patients."""

    candidates: tuple[Label, ...]
    """Labels to be considered where the answer is not conclusive, the most probable first: the
    prediction set, and the most probable labels that together reach `conclusive_from`. Empty where
    it is conclusive."""

    predictive_values: PredictiveValues | None = None
    """What the answer is worth at a stated prevalence."""

    @property
    def foremost(self) -> Label:
        """The predicted label; the most probable one where the answer is not conclusive."""
        return self.candidates[0] if self.candidates else self.label

    @property
    def uncertain(self) -> bool:
        """Whether another label than the predicted one remains possible."""
        return len(self.prediction_set) > 1


def calibrate(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Scale probabilities by a temperature (Guo et al. 2017, On Calibration, eq. 9).

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Softmax outputs; their logarithm is the logit up to a constant, which softmax ignores.
    temperature : float
        Above 1 softens, below 1 sharpens.

    Returns
    -------
    ndarray of float64, shape (n, classes)
        Each row sums to 1.
    """
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-12, 1.0)) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    calibrated: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return calibrated


def weights_of(codes: Sequence[str], point: OperatingPoint | None) -> NDArray[np.float64]:
    """Return the weight of each label at an operating point; 1 for all without one."""
    return np.array([point.weights[code] if point else 1.0 for code in codes])


def largest_weights(
    calibrated: NDArray[np.float64], weights: NDArray[np.float64], column: int
) -> NDArray[np.float64]:
    """Return the weight of a label below which it is each radiograph's answer.

    Label a is the answer where p_a / w_a is above the largest p_b / w_b of the others, so where w_a
    is below the ratio of p_a to that.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities.
    weights : ndarray, shape (classes,)
        Weight of each label, above 0; that of the label itself does not matter.
    column : int
        Column of the label.

    Returns
    -------
    ndarray of float64, shape (n,)
        Above 0.
    """
    rivals = np.delete(calibrated / weights, column, axis=1).max(axis=1)
    ratios: NDArray[np.float64] = calibrated[:, column] / np.maximum(rivals, 1e-12)
    return ratios


def target_ratio(manifest: Manifest, probabilities: Mapping[str, float]) -> float:
    """Return the weight of the target below which it is the answer at `balanced`.

    Parameters
    ----------
    manifest : Manifest
        The model's, which has operating points.
    probabilities : mapping of str to float
        Calibrated probability of each label, by its code.
    """
    balanced, codes = manifest.operating_points[BALANCED], manifest.codes
    calibrated = np.array([[probabilities[code] for code in codes]])
    column = codes.index(balanced.target)
    return float(largest_weights(calibrated, weights_of(codes, balanced), column)[0])


def choose(calibrated: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the column of each radiograph's label.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities.
    weights : ndarray, shape (classes,) or (n, classes)
        Weight of each label, above 0; the same for all, or for each.
    """
    columns: NDArray[np.intp] = (calibrated / weights).argmax(axis=1)
    return columns


def remaining(
    calibrated: NDArray[np.float64], chosen: NDArray[np.intp], least: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which labels remain possible: the prediction set of each radiograph.

    The conformal set holds the labels that reach their least probability. The predicted label is
    always added; where no label is typical, none is ruled out. Both only enlarge the set, so that
    its coverage stands (Angelopoulos & Bates 2023, section 2).

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities.
    chosen : ndarray of int, shape (n,)
        Column of the predicted label.
    least : ndarray, shape (classes,)
        Least probability with which a label is in the conformal set.

    Returns
    -------
    ndarray of bool, shape (n, classes)
    """
    conformal = calibrated >= least
    conformal[~conformal.any(axis=1)] = True
    conformal[np.arange(len(chosen)), chosen] = True
    return conformal


def effective_cut_offs(
    calibrated: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cut-off of each label for each radiograph; see `Decision.cut_offs`.

    Label a is the answer where p_a / w_a is at least the largest p_b / w_b of the others. With the
    proportions r_b = p_b / (1 - p_a) kept, that is p_a ≥ m w_a / (1 + m w_a), m the largest
    r_b / w_b.

    Parameters
    ----------
    calibrated : ndarray, shape (n, classes)
        Calibrated probabilities.
    weights : ndarray, shape (classes,) or (n, classes)
        Weight of each label, above 0; the same for all, or for each.

    Returns
    -------
    ndarray of float64, shape (n, classes)
        0 to 1.
    """
    scaled = calibrated / weights
    largest = scaled.argmax(axis=1)
    rows = np.arange(len(scaled))
    first = scaled[rows, largest]
    others = scaled.copy()
    others[rows, largest] = -np.inf
    second = others.max(axis=1)
    rival = np.repeat(first[:, np.newaxis], weights.shape[-1], axis=1)
    rival[rows, largest] = second
    needed = rival * weights
    # Where a label has all the probability there are no proportions to keep: any others would do.
    cut_offs: NDArray[np.float64] = needed / np.maximum(1 - calibrated + needed, 1e-300)
    return cut_offs


def predictive_values(
    point: OperatingPoint, prevalence: float, elsewhere: Elsewhere | None = None
) -> PredictiveValues:
    """Apply Bayes' rule to sensitivity and specificity (Altman & Bland 1994, BMJ 309:102).

    Parameters
    ----------
    point : OperatingPoint
        Where sensitivity and specificity were measured.
    prevalence : float
        Share of patients with the target, above 0 and below 1.
    elsewhere : Elsewhere, optional
        False positives at hospitals left out of training: they replace those of the point, as a
        hospital that uses the service is one more of them.
    """
    false_positive_rate = elsewhere.value if elsewhere else 1 - point.specificity
    true_positive = point.sensitivity * prevalence
    false_negative = prevalence - true_positive
    false_positive = false_positive_rate * (1 - prevalence)
    true_negative = 1 - prevalence - false_positive
    called, cleared = true_positive + false_positive, true_negative + false_negative
    return PredictiveValues(
        target=point.target,
        prevalence=prevalence,
        positive=true_positive / called if called else 0.0,
        negative=true_negative / cleared if cleared else 0.0,
        false_positive_rate=false_positive_rate,
        elsewhere=elsewhere is not None,
    )


def find_operating_point(manifest: Manifest, name: str | None) -> str | None:
    """Return the name of the operating point that holds; none if the model has none.

    Raises
    ------
    UnknownOperatingPoint
        If one is named that the model does not have.
    """
    points = manifest.operating_points
    if name is not None and name not in points:
        raise UnknownOperatingPoint(model=manifest.name, name=name, known=tuple(points))
    return name or (BALANCED if points else None)


def decide(
    manifest: Manifest,
    probabilities: Mapping[str, float],
    prevalence: float | None = None,
    elsewhere: Mapping[str, Elsewhere] | None = None,
) -> dict[str | None, Decision]:
    """Decide on one radiograph at every operating point of a model.

    Parameters
    ----------
    manifest : Manifest
        The model's.
    probabilities : mapping of str to float
        Calibrated probability of each label, by its code.
    prevalence : float, optional
        Share of patients with the target, above 0 and below 1.
    elsewhere : mapping of str to Elsewhere, optional
        False positives at hospitals left out of training, by operating point.

    Returns
    -------
    dict
        Decisions by the name of the operating point; a single one under None if the model has no
        operating points.
    """
    labels, codes = manifest.labels, manifest.codes
    points: list[tuple[str | None, OperatingPoint | None]] = [*manifest.operating_points.items()]
    points = points or [(None, None)]
    # A row for each operating point: the same radiograph, other weights.
    calibrated = np.array([[probabilities[code] for code in codes]] * len(points))
    weights = np.stack([weights_of(codes, point) for _, point in points])
    chosen = choose(calibrated, weights)
    rule = manifest.prediction_set
    # Without a rule fitted on data, nothing but the predicted label is claimed.
    least = np.array([rule.least[code] if rule else 0.0 for code in codes])
    alone = np.arange(len(codes)) == chosen[:, np.newaxis]
    ruled = calibrated
    if rule and rule.temperature:
        ruled = calibrate(calibrated, rule.temperature / manifest.temperature)
    possible = (remaining(ruled, chosen, least) if rule else alone).tolist()
    cut_offs = effective_cut_offs(calibrated, weights).tolist()
    may_conclude = rule is not None and not manifest.not_for_patients
    ranked, reached = _ranked(calibrated[0], manifest.conclusive_from)
    decisions: dict[str | None, Decision] = {}
    for row, ((name, point), column) in enumerate(zip(points, chosen.tolist(), strict=True)):
        prediction_set = tuple(compress(labels, possible[row]))
        conclusive = may_conclude and len(prediction_set) == 1 and reached == [column]
        considered = [at for at in ranked if at in reached or possible[row][at]]
        decisions[name] = Decision(
            operating_point=name,
            label=labels[column],
            cut_offs=dict(zip(codes, cut_offs[row], strict=True)),
            prediction_set=prediction_set,
            conclusive=conclusive,
            candidates=() if conclusive else tuple(labels[at] for at in considered),
            predictive_values=(
                predictive_values(point, prevalence, (elsewhere or {}).get(name or ""))
                if point and prevalence is not None
                else None
            ),
        )
    return decisions


def _ranked(probabilities: NDArray[np.float64], least: float) -> tuple[list[int], list[int]]:
    """Return the columns by probability, and the first of them that together reach `least`."""
    ranked: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    total = np.cumsum(probabilities[ranked])
    # Rounding may leave the sum of all below 1.
    enough = min(int(np.searchsorted(total, least)) + 1, len(ranked))
    return ranked, ranked[:enough]
