"""Networks from elsewhere: legacy Keras files brought into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras

from covidxray_api.errors import DatasetError
from covidxray_api.models.artefacts import fault_of
from covidxray_api.models.manifest import Label
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.training.publishing.publication import store_network

PAPER_LABELS = (
    Label(code="covid_19", display={"en": "COVID-19", "es": "COVID-19"}),
    Label(code="normal", display={"en": "Normal", "es": "Normal"}),
    Label(code="viral_pneumonia", display={"en": "Viral pneumonia", "es": "Neumonía Viral"}),
)
"""The paper's classes in the alphabetical order of its folders, which Keras takes by default."""


def import_network(
    path: Path, store: ModelStore, name: str, labels: Sequence[Label] = PAPER_LABELS
) -> StoredModel:
    """Bring a legacy network into the store.

    Parameters
    ----------
    path : Path
        A ``.h5`` or ``.keras`` file: gray radiographs (n, height, width, 1) in, a softmax output
        for each label out.
    store : ModelStore
        Where it goes, under `name` and the next version.
    name : str
        Name of the stored model.
    labels : sequence of Label
        In the order of the outputs.

    Raises
    ------
    DatasetError
        If the file is no such network.
    """
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as error:
        raise DatasetError("network", path=path, fault=fault_of(error)) from error
    shapes = network.input_shape, network.output_shape
    if len(shapes[0]) != 4 or shapes[0][3] != 1 or None in shapes[0][1:]:
        raise DatasetError(
            "network",
            path=path,
            fault=f"it takes {shapes[0]}, not (n, height, width, 1).",
        )
    if shapes[1] != (None, len(labels)):
        raise DatasetError(
            "network", path=path, fault=f"it returns {shapes[1]}, not {len(labels)} labels."
        )
    description = f"Imported from {path.name}; not evaluated here."
    training = {"imported_from": path.name}
    return store_network(
        network, store, name=name, description=description, labels=labels, training=training
    )
