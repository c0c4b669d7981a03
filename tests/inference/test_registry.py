import threading
from pathlib import Path

import numpy as np
import pytest

from covidxray_api.inference import ModelRegistry
from covidxray_api.inference.registry import calibrate
from covidxray_api.models.artefacts import sha256_of
from covidxray_api.models.manifest import Label, Manifest
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.radiograph import Radiograph


class Brightness:
    """An engine that is the more sure of the second label the brighter the film."""

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        bright = tensor.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    folder = tmp_path / "net" / "1"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"weights")
    store = ModelStore(tmp_path)
    store.write_manifest(
        Manifest(
            name="net",
            version="1",
            description="Brightness.",
            labels=tuple(Label(code=c, display={"en": c, "es": c}) for c in ("dark", "bright")),
            input_size=(8, 8),
            temperature=2.0,
            files={"model.keras": sha256_of(folder / "model.keras")},
        )
    )
    return store


def test_probabilities_are_calibrated_and_named(store: ModelStore) -> None:
    model = ModelRegistry(store, "net", lambda stored: Brightness()).get()
    answer = model.probabilities(Radiograph(np.full((20, 30), 204, dtype=np.uint8), "image/png"))
    # 0.2 and 0.8 at temperature 2: the odds 4 become 2.
    assert answer == {
        "dark": pytest.approx(1 / 3, abs=1e-4),
        "bright": pytest.approx(2 / 3, abs=1e-4),
    }


def test_a_model_is_loaded_once_even_when_many_ask_at_once(store: ModelStore) -> None:
    loaded = []

    def load(stored: StoredModel) -> Brightness:
        loaded.append(stored.folder)
        return Brightness()

    models = ModelRegistry(store, "net", load)
    threads = [threading.Thread(target=models.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1
    assert models.get() is models.get("net")


def test_temperature_one_changes_nothing_and_rows_sum_to_one() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(calibrate(probabilities, 1.0), probabilities, atol=1e-6)
    soft = calibrate(probabilities, 4.0)
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert (soft.max(axis=1) < probabilities.max(axis=1)).all()
