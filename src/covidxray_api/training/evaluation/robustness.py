"""Does the answer stay when the radiograph changes in a way that means nothing?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from covidxray_api.consistency import Check
from covidxray_api.inference import LoadedModel
from covidxray_api.radiograph import Radiograph

GRAY = np.arange(256) / 255


def _tones(curve: NDArray[np.float64]) -> Callable[[MatLike], MatLike]:
    table = np.round(np.clip(curve, 0, 1) * 255).astype(np.uint8)
    return lambda image: cv2.LUT(image, table)


def _jpeg(quality: int) -> Callable[[MatLike], MatLike]:
    def compress(image: MatLike) -> MatLike:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))

    return compress


def _smaller(image: MatLike) -> MatLike:
    height, width = image.shape
    small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _turned(image: MatLike) -> MatLike:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_CONSTANT)


def _bordered(tone: int) -> Callable[[MatLike], MatLike]:
    def frame(image: MatLike) -> MatLike:
        height, width = image.shape
        rows, columns = height // 20, width // 20
        border = cv2.BORDER_CONSTANT
        wide = cv2.copyMakeBorder(image, rows, rows, columns, columns, border, value=(tone,))
        return cv2.resize(wide, (width, height), interpolation=cv2.INTER_AREA)

    return frame


def _lettered(image: MatLike) -> MatLike:
    marked = np.array(image)
    scale = image.shape[0] / 250
    place = (image.shape[1] // 30, image.shape[0] // 9)
    cv2.putText(marked, "R AP 12:30", place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1)
    return marked


PERTURBATIONS: Mapping[str, Callable[[MatLike], MatLike]] = {
    "brightness +10 %": _tones(GRAY + 0.1),
    "brightness -10 %": _tones(GRAY - 0.1),
    "contrast × 1.2": _tones((GRAY - 0.5) * 1.2 + 0.5),
    "contrast × 0.8": _tones((GRAY - 0.5) * 0.8 + 0.5),
    "gamma 0.8": _tones(GRAY**0.8),
    "gamma 1.25": _tones(GRAY**1.25),
    "JPEG quality 75": _jpeg(75),
    "JPEG quality 40": _jpeg(40),
    "half the resolution": _smaller,
    "turned by 5°": _turned,
    "black border of 5 %": _bordered(0),
    "white border of 5 %": _bordered(255),
    "letters in a corner": _lettered,
    "inverted": _tones(1 - GRAY),
}
"""Changes of a radiograph that leave its meaning alone, by name."""


def robustness(
    model: LoadedModel, check: Check, images: NDArray[np.uint8]
) -> dict[str, dict[str, float]]:
    """Measure how answers change under each perturbation.

    Parameters
    ----------
    model : LoadedModel
        The model.
    check : Check
        The consistency check, which refuses or corrects some changed radiographs.
    images : ndarray of uint8, shape (n, height, width)
        Radiographs that the check accepts, at a resolution above the model's input, so that
        perturbation comes before preprocessing, as it would in a hospital.

    Returns
    -------
    dict
        For each perturbation the share of radiographs that the check refuses when changed;
        the share that it does not refuse and whose most probable label changes, and the
        share for which some probability moves by more than 0.1.
    """
    untouched = _answers(model, list(images))
    figures = {}
    for name, perturb in PERTURBATIONS.items():
        changed = np.stack([np.asarray(perturb(image), np.uint8) for image in images])
        judged = [check.check(Radiograph(image, "image/png")) for image in changed]
        answered = np.array([found.consistent for found, _ in judged], dtype=np.bool_)
        answers = _answers(model, [radiograph.pixels for _, radiograph in judged])
        moved = np.abs(answers - untouched).max(axis=1)
        figures[name] = {
            "refused": float(np.mean(~answered)),
            "label_changes": float(
                np.mean(answered & (answers.argmax(axis=1) != untouched.argmax(axis=1)))
            ),
            "moves_by_0.1": float(np.mean(answered & (moved > 0.1))),
        }
    return figures


def accepted(check: Check, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which radiographs the consistency check accepts."""
    judged = [check.check(Radiograph(image, "image/png"))[0].consistent for image in images]
    return np.array(judged, dtype=np.bool_)


def _answers(model: LoadedModel, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    tensor = model.tensors(images)
    return np.concatenate(
        [model.calibrated(tensor[at : at + 256]) for at in range(0, len(tensor), 256)]
    )
