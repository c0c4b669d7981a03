"""How sure is sure enough: `python -m benchmarks.conclusive DATA`.

For several values of the manifest's `conclusive_from`, the share of conclusive answers and the
share of those that are wrong, on radiographs that the training of a stored model has not seen.
Prints the table of docs/page.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from covidxray_api.inference.registry import ModelRegistry
from covidxray_api.models.decision import decide
from covidxray_api.models.manifest import BALANCED, Manifest
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings
from covidxray_api.training.data.dataset import LabelledImage, load_pixels, read_dataset
from covidxray_api.training.data.sources import COVID
from covidxray_api.training.evaluation.classifier import Unseen, predict_unseen

CUT_OFFS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)

UNTOLD = {"pneumonia_unspecified": frozenset({COVID})}
"""What is surely wrong of radiographs whose label the model does not have: pneumonia of adults from
before 2020 may be viral; any other finding is neither."""


def groups(unseen: Unseen) -> dict[str, NDArray[np.intp]]:
    """Return the rows of the radiographs that are judged together."""
    known = np.array([image.label in unseen.codes for image in unseen.images])
    found = {
        "sources of training": np.flatnonzero(unseen.held_out & known),
        "their other findings": np.flatnonzero(unseen.held_out & ~known),
    }
    sources = {image.source for image in unseen.images}
    for source in sorted(sources):
        for label in sorted({i.label for i in unseen.images if i.source == source}):
            rows = unseen.rows(source=source, label=label)
            if not unseen.held_out[rows].all():
                found[f"{source}, {label}"] = rows
    return found


def wrong(image: LabelledImage, said: str, codes: Sequence[str]) -> bool:
    """Return whether a conclusive answer is wrong."""
    if image.label in codes:
        return said != image.label
    return said in UNTOLD.get(image.label, frozenset(codes) - {"normal"})


def row(manifest: Manifest, unseen: Unseen, rows: NDArray[np.intp]) -> str:
    """Return the share of conclusive answers, and of those that are wrong."""
    conclusive = errors = 0
    for at in rows:
        probabilities = dict(zip(unseen.codes, unseen.probabilities[at].tolist(), strict=True))
        decision = decide(manifest, probabilities)[BALANCED]
        if decision.conclusive:
            conclusive += 1
            errors += wrong(unseen.images[at], decision.label.code, unseen.codes)
    share = f"{errors / conclusive:.1%}" if conclusive else "–"
    return f"{conclusive / len(rows):.0%}; {share}"


def main(
    data: Annotated[Path, typer.Argument(help="Folder of radiographs.")],
    model: Annotated[str, typer.Option(help="Stored model.")] = "multi-source",
) -> None:
    """Print a table."""
    loaded = ModelRegistry(ModelStore(Settings().model_store), model).get()
    images = read_dataset(data)
    unseen = predict_unseen(loaded, images, load_pixels(images, loaded.manifest.input_size))
    judged = groups(unseen)
    named = [f"{name} (n = {len(rows):,})" for name, rows in judged.items()]
    print(f"| `conclusive_from` | {' | '.join(named)} |")
    print("|---" * (len(named) + 1) + "|")
    for cut_off in CUT_OFFS:
        manifest = loaded.manifest.model_copy(update={"conclusive_from": cut_off})
        cells = [row(manifest, unseen, rows) for rows in judged.values()]
        print(f"| {cut_off} | {' | '.join(cells)} |")


if __name__ == "__main__":
    typer.run(main)
