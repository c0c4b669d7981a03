"""What the gate is worth: by kind of image, by hospital, and for kinds never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from covidxray_api.consistency import Consistency, Gate
from covidxray_api.decoding import decode
from covidxray_api.errors import RadiographError
from covidxray_api.radiograph import Radiograph
from covidxray_api.training.data.dataset import DETAIL, LIMITS, LabelledImage, load_pixels
from covidxray_api.training.data.other_images import OtherImage
from covidxray_api.training.data.sources import DATA_SETS
from covidxray_api.training.evaluation.metrics import auroc_interval, proportion
from covidxray_api.training.gate.leave_one_out import LeaveOneOut, repeat_division
from covidxray_api.training.gate.scoring import fit_threshold, fit_weights, scores
from covidxray_api.training.gate.synthetic_negatives import cropped

CHESTER = 0.60
"""Least similarity in Chester (Cohen et al. 2020), whose SSIM is to an autoencoder's output."""

CHANGED_RADIOGRAPHS = 1000
"""Held-out radiographs that are turned and inverted."""

UPRIGHT: Mapping[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "rotated_90": lambda radiograph: np.rot90(radiograph, -1),
    "rotated_180": lambda radiograph: np.rot90(radiograph, 2),
    "rotated_270": lambda radiograph: np.rot90(radiograph, 1),
    "inverted": lambda radiograph: 255 - radiograph,
}
"""What is done to radiographs, by the finding that it must lead to, and must not without it."""


def evaluate_gate(
    gate: Gate,
    runs: Mapping[str, LeaveOneOut],
    radiographs: Sequence[LabelledImage],
    others: Sequence[OtherImage],
    dicom: Sequence[OtherImage] = (),
) -> dict[str, Any]:
    """Measure a gate on radiographs held out of its training, and on everything else.

    Parameters
    ----------
    gate : Gate
        What serves.
    runs : mapping of str to LeaveOneOut
        What networks said that were trained without one kind of image, or without a hospital.
    radiographs : sequence of LabelledImage
        All radiographs of the data folder that it was trained from.
    others : sequence of OtherImage
        Everything else.
    dicom : sequence of OtherImage
        DICOM files, to be listed one by one.

    Returns
    -------
    dict
        `films`, `films_by_source`, `hospitals_left_out`: share refused; `kinds`, `tiers`: what is
        accepted of other images and their AUROC, for kinds left out of training, for SSIM alone at
        its threshold and at a fixed 0.60, and for the gate as it serves; `changes`: radiographs
        turned, inverted and cropped; `made`: images that no one took; `dicom`: what is said of each
        file; `scores`, for figures.
    """
    held_out = repeat_division(radiographs, gate.manifest)
    pixels = load_pixels(held_out, DETAIL)
    judged = [_judge(gate, radiograph) for radiograph in track(pixels, "Held-out radiographs")]
    judged_others = [_judge_file(gate, other.path) for other in track(others, "Other images")]
    kinds = np.array([other.kind for other in others])
    sources = np.array([radiograph.source for radiograph in held_out])
    groups = np.array([radiograph.group for radiograph in held_out])
    ssim = np.array([found.ssim for found in judged])
    ssim_others = np.array([found.ssim if found else -1.0 for found in judged_others])
    accepted = np.array([found.consistent for found in judged])
    accepted_others = np.array([bool(found and found.consistent) for found in judged_others])
    least = gate.reference.threshold
    unseen = {
        kind: _left_out(kind, runs, groups) for kind in sorted(set(kinds.tolist()) & set(runs))
    }

    def refused(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        return {
            "served": share(~accepted[chosen], groups[chosen]),
            "ssim": share(ssim[chosen] < least, groups[chosen]),
            "ssim_0.60": share(ssim[chosen] < CHESTER, groups[chosen]),
        }

    def of_others(chosen: NDArray[np.bool_]) -> dict[str, Any]:
        return {
            "n": int(chosen.sum()),
            "served": {"accepted": share(accepted_others[chosen])},
            "ssim": {
                "auroc": apart(ssim, ssim_others[chosen], groups),
                "accepted": share(ssim_others[chosen] >= least),
            },
            "ssim_0.60": {"accepted": share(ssim_others[chosen] >= CHESTER)},
        }

    by_kind = {kind: of_others(kinds == kind) for kind in sorted(set(kinds.tolist()))}
    for kind, found in unseen.items():
        by_kind[kind]["left_out"] = found.figures
    tiers = {}
    for tier, names in DATA_SETS.other_images.tiers.items():
        if not np.isin(kinds, names).any():
            continue
        tiers[tier] = of_others(np.isin(kinds, names))
        here = [unseen[name] for name in names if name in unseen]
        if here:
            aurocs = np.array([found.figures["auroc"]["value"] for found in here])
            counts = np.array([len(found.others) for found in here])
            tiers[tier]["left_out"] = {
                "auroc": float(aurocs @ counts / counts.sum()),
                "accepted": share(
                    np.concatenate([found.others >= found.threshold for found in here])
                ),
            }
    return {
        "version": gate.manifest.version,
        "films": refused(np.ones(len(judged), dtype=bool)),
        "films_by_source": {
            str(source): {"children": bool(DATA_SETS.of_children(str(source)))}
            | refused(sources == source)
            for source in np.unique(sources)
        },
        "hospitals_left_out": {
            name: _hospital(gate, runs[name]) for name in DATA_SETS.hospitals if name in runs
        }
        | _new_sources(gate, radiographs),
        "kinds": by_kind,
        "tiers": tiers,
        "changes": changes(gate, pixels),
        "false_alarms": {
            code: share(np.array([code in _codes(found) for found in judged])) for code in UPRIGHT
        },
        "made": {
            name: _judge(gate, picture).consistent
            for name, picture in made(gate.reference.mean).items()
        },
        "dicom": {file.path.name: _told(_judge_file(gate, file.path)) for file in dicom},
        "scores": {
            "films": [found.score for found in judged],
            "films_ssim": ssim.tolist(),
            "others": {kind: found.others.tolist() for kind, found in unseen.items()},
            "others_ssim": {kind: ssim_others[kinds == kind].tolist() for kind in by_kind},
        },
    }


class LeftOut(NamedTuple):
    """A kind of image, judged by a gate that was neither trained nor fitted with one."""

    others: NDArray[np.float64]
    """Scores of the images of this kind."""

    threshold: float
    figures: dict[str, Any]


def _left_out(
    kind: str,
    runs: Mapping[str, LeaveOneOut],
    groups: NDArray[np.str_],
) -> LeftOut:
    rest = [run for name, run in runs.items() if name != kind and len(run.others)]
    weights, run = fit_weights(rest), runs[kind]
    threshold = fit_threshold(weights, rest)
    of_radiographs, of_kind = scores(weights, run.radiographs), scores(weights, run.others)
    figures = {
        "auroc": apart(of_radiographs, of_kind, groups),
        "accepted": share(of_kind >= threshold),
        "films_refused": share(of_radiographs < threshold, groups),
    }
    return LeftOut(of_kind, threshold, figures)


def _hospital(gate: Gate, run: LeaveOneOut) -> dict[str, Any]:
    return share(scores(gate.manifest.weights, run.radiographs) < gate.manifest.threshold)


def _new_sources(gate: Gate, radiographs: Sequence[LabelledImage]) -> dict[str, Any]:
    """Return the share refused, as served, of each source of an archive that training never saw."""
    trained_on = DATA_SETS.archives(gate.manifest.training["films"])
    report = {}
    for source in sorted({each.source for each in radiographs}):
        if DATA_SETS.archive(source) in trained_on:
            continue
        chosen = [each for each in radiographs if each.source == source]
        pixels = track(load_pixels(chosen, DETAIL), source)
        refused = np.array([not _judge(gate, each).consistent for each in pixels])
        report[f"{source}, as served"] = share(refused, np.array([each.group for each in chosen]))
    return report


def changes(gate: Gate, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    """Turn, invert and crop radiographs in order, and tell how many are found and still accepted.

    Parameters
    ----------
    gate : Gate
        The gate.
    pixels : ndarray of uint8, shape (n, height, width)
        Radiographs; those that are refused or corrected as they are do not count.
    """
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(pixels))[:CHANGED_RADIOGRAPHS]
    in_order = [
        pixels[row]
        for row in track(chosen, "Radiographs in order")
        if (found := _judge(gate, pixels[row])).consistent and not _codes(found) & set(UPRIGHT)
    ]
    report = {}
    for code, change in (
        *UPRIGHT.items(),
        ("cropped", lambda radiograph: cropped(radiograph, rng)),
    ):
        judged = [
            _judge(gate, np.ascontiguousarray(change(radiograph)))
            for radiograph in track(in_order, code)
        ]
        report[code] = {
            "found": share(np.array([code in _codes(found) for found in judged])),
            "accepted": share(np.array([found.consistent for found in judged])),
        }
    return report


def made(mean: NDArray[np.float32]) -> dict[str, NDArray[np.uint8]]:
    """Return images that no one took, by name; all must be refused.

    Parameters
    ----------
    mean : ndarray of float32, shape (height, width)
        The mean radiograph, 0–1.
    """
    rng = np.random.default_rng(0)
    side = 256
    ramp = np.tile(np.linspace(0, 255, side), (side, 1))
    repeat = side // mean.shape[0]
    large = np.kron(mean, np.ones((repeat, repeat))) * 255
    pictures = {
        "white": np.full((side, side), 255.0),
        "black": np.zeros((side, side)),
        "gray": np.full((side, side), 128.0),
        "noise": rng.uniform(0, 255, (side, side)),
        "normal noise": rng.normal(128, 40, (side, side)),
        "gradient": ramp,
        "gradient downwards": ramp.T,
        "the mean radiograph": large,
        "the mean radiograph with a little noise": large + rng.normal(0, 8, large.shape),
        "the mean radiograph with noise": large + rng.normal(0, 25, large.shape),
    }
    return {name: np.clip(picture, 0, 255).astype(np.uint8) for name, picture in pictures.items()}


def share(hits: NDArray[np.bool_], groups: NDArray[np.str_] | None = None) -> dict[str, Any]:
    """Return the share of hits with its interval; each image is its own group if none are given."""
    if groups is None:
        groups = np.arange(len(hits)).astype(np.str_)
    return proportion(hits, groups)._asdict()


def apart(
    radiographs: NDArray[np.float64], others: NDArray[np.float64], groups: NDArray[np.str_]
) -> dict[str, Any]:
    """Return the AUROC of radiographs against other images, with its interval."""
    values = np.r_[radiographs, others]
    is_radiograph = np.arange(len(values)) < len(radiographs)
    names = np.r_[groups, np.array([f"other {n}" for n in range(len(others))])]
    return auroc_interval(values, is_radiograph, names, repeats=200)._asdict()


def _judge(gate: Gate, radiograph: NDArray[np.uint8]) -> Consistency:
    return gate.check(Radiograph(radiograph, "image/jpeg"))[0]


def _judge_file(gate: Gate, path: Path) -> Consistency | None:
    """Judge a file; none if it cannot be decoded, which refuses it too."""
    try:
        return gate.check(decode(path.read_bytes(), LIMITS))[0]
    except RadiographError:
        return None


def _codes(found: Consistency) -> set[str]:
    return {finding.code for finding in found.findings}


def _told(found: Consistency | None) -> dict[str, Any]:
    if found is None:
        return {"accepted": False, "findings": ["not decoded"]}
    return {"accepted": found.consistent, "findings": [item.code for item in found.findings]}
