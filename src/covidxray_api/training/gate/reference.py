"""The mean radiograph and the least similarity to it, both from data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.model_selection import StratifiedGroupKFold

from covidxray_api.consistency.ssim import (
    MEAN_ARRAY,
    MEAN_PICTURE,
    Reference,
    ReferenceManifest,
    SsimParameters,
)
from covidxray_api.decoding import decode
from covidxray_api.errors import RadiographError
from covidxray_api.models.artefacts import hashed, write_manifest
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import LIMITS, LabelledImage
from covidxray_api.training.data.other_images import OtherImage
from covidxray_api.training.evaluation.metrics import auroc


def build_reference(
    radiographs: Sequence[LabelledImage],
    pixels: NDArray[np.uint8],
    others: Sequence[OtherImage],
    keep: float,
    folder: Path,
    seed: int = 2021,
) -> ReferenceManifest:
    """Write the mean radiograph of four fifths of the radiographs and measure it on the rest.

    Every source weighs the same in the mean, however many radiographs it has; a patient's
    radiographs are either all averaged or all held out.

    Parameters
    ----------
    radiographs : sequence of LabelledImage
        Frontal chest radiographs.
    pixels : ndarray of uint8, shape (n, height, width)
        The radiographs, at the size of the mean.
    others : sequence of OtherImage
        What must be refused; measures the check, and has no part in its making.
    keep : float
        Share of the held-out radiographs that the threshold keeps.
    folder : Path
        Where the reference is written.
    seed : int
        Seed of the split.
    """
    size = (pixels.shape[1], pixels.shape[2])
    sources = np.array([radiograph.source for radiograph in radiographs])
    groups = [radiograph.group for radiograph in radiographs]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    averaged, held_out = next(folds.split(pixels, sources, groups))
    of_source = [
        preprocess(list(pixels[averaged[sources[averaged] == source]]), size).mean(axis=0)
        for source in np.unique(sources)
    ]
    mean = np.mean(of_source, axis=0)[..., 0].astype(np.float32)
    parameters = SsimParameters()
    reference = Reference(mean, parameters, threshold=0.0)
    similar = np.array(
        [reference.similarity(pixels[row]) for row in track(held_out, "Held-out radiographs")]
    )
    threshold = float(np.quantile(similar, 1 - keep, method="lower"))

    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / MEAN_ARRAY, mean)
    cv2.imwrite(str(folder / MEAN_PICTURE), np.round(mean * 255).astype(np.uint8))
    manifest = ReferenceManifest(
        size=size,
        ssim=parameters,
        threshold=threshold,
        threshold_rule=f"quantile {1 - keep:.2f} of the similarity of {len(held_out)} held-out"
        f" radiographs: keeps {keep:.0%} of them",
        films=dict(sorted(Counter(sources[averaged].tolist()).items())),
        metrics=measure(reference, threshold, similar, sources[held_out], others),
        files=hashed(folder, MEAN_ARRAY, MEAN_PICTURE),
    )
    write_manifest(manifest, folder)
    return manifest


def measure(
    reference: Reference,
    threshold: float,
    similar: NDArray[np.float64],
    sources: NDArray[np.str_],
    others: Sequence[OtherImage],
) -> dict[str, Any]:
    """Measure the check on held-out radiographs, source by source, and other images, kind by kind.

    An image that cannot be decoded counts as refused and is listed.

    Parameters
    ----------
    reference : Reference
        The mean radiograph.
    threshold : float
        Least similarity of a chest radiograph.
    similar : ndarray, shape (n,)
        Similarity of the held-out radiographs.
    sources : ndarray of str, shape (n,)
        Source of each held-out radiograph.
    others : sequence of OtherImage
        What must be refused.
    """
    of_kind: dict[str, list[float]] = {}
    undecoded = []
    for image in track(others, "Other images"):
        try:
            radiograph = decode(image.path.read_bytes(), LIMITS).pixels
            similarity = reference.similarity(radiograph)
        except RadiographError:
            undecoded.append(f"{image.kind}/{image.path.name}")
            similarity = -1.0
        of_kind.setdefault(image.kind, []).append(similarity)
    return {
        "held_out_films": len(similar),
        "kept": float(np.mean(similar >= threshold)),
        "kept_by_source": {
            str(source): {
                "n": int(np.sum(sources == source)),
                "kept": float(np.mean(similar[sources == source] >= threshold)),
            }
            for source in np.unique(sources)
        },
        "other_images": len(others),
        "auroc": auroc(similar, np.concatenate([*of_kind.values()])),
        "falsely_accepted": float(
            np.mean(np.concatenate([*of_kind.values()]) >= threshold),
        ),
        "falsely_accepted_by_kind": {
            kind: {"n": len(values), "accepted": float(np.mean(np.array(values) >= threshold))}
            for kind, values in sorted(of_kind.items())
        },
        "undecoded": undecoded,
    }
