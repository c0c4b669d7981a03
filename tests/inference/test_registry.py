from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.inference import LoadedModel, ModelRegistry
from covidxray_api.inference.loading import load_model, same_answers
from covidxray_api.models.artefacts import MANIFEST, hashed, write_manifest
from covidxray_api.models.manifest import Label, Manifest, Preprocessing
from covidxray_api.models.store import ModelStore, StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.settings import Settings


class Brightness:
    """An engine that is the more sure of the second label the brighter the image."""

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        bright = tensor.mean(axis=(1, 2, 3))
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


class NotANumber:
    """An engine whose network is broken."""

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        return np.full((len(tensor), 2), np.nan, dtype=np.float32)


def load(stored: StoredModel) -> LoadedModel:
    return LoadedModel(stored, Brightness())


def publish(root: Path, name: str = "net") -> StoredModel:
    store = ModelStore(root)
    with store.new_version(name) as draft:
        (draft.folder / "model.keras").write_bytes(b"weights")
        manifest = Manifest(
            name=name,
            version=draft.version,
            description="Brightness.",
            labels=tuple(Label(code=c, display={"en": c, "es": c}) for c in ("dark", "bright")),
            preprocessing=Preprocessing(size=(8, 8)),
            temperature=2.0,
            files=hashed(draft.folder, "model.keras"),
        )
        write_manifest(manifest, draft.folder)
    return store.get(name, draft.version)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    publish(tmp_path)
    return ModelStore(tmp_path)


def test_probabilities_are_calibrated_and_named(store: ModelStore) -> None:
    model = ModelRegistry(store, "net", load).get()
    answer = model.probabilities(Radiograph(np.full((20, 30), 204, dtype=np.uint8), "image/png"))
    # 0.2 and 0.8 at temperature 2: the odds 4 become 2.
    assert answer == {
        "dark": pytest.approx(1 / 3, abs=1e-4),
        "bright": pytest.approx(2 / 3, abs=1e-4),
    }


def test_a_model_is_loaded_once_even_when_many_ask_at_once(store: ModelStore) -> None:
    loaded = []

    def counted(stored: StoredModel) -> LoadedModel:
        loaded.append(stored.folder)
        return load(stored)

    models = ModelRegistry(store, "net", counted)
    threads = [threading.Thread(target=models.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1
    assert models.get() is models.get("net")


def test_a_model_that_is_being_loaded_holds_nobody_up_who_asks_for_another(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, "slow")
    begun, go = threading.Event(), threading.Event()

    def load_slowly(stored: StoredModel) -> LoadedModel:
        if stored.manifest.name == "slow":
            begun.set()
            assert go.wait(60)
        return load(stored)

    models = ModelRegistry(ModelStore(tmp_path), "net", load_slowly)
    waiting = threading.Thread(target=models.get, args=("slow",))
    waiting.start()
    assert begun.wait(60)
    assert models.get().manifest.name == "net"
    assert not models.is_loaded("slow")
    go.set()
    waiting.join()
    assert models.is_loaded("slow")


def test_what_is_listed_is_what_answers(tmp_path: Path) -> None:
    publish(tmp_path)
    models = ModelRegistry(ModelStore(tmp_path), "net", load)
    publish(tmp_path)
    (listed,) = models.stored()
    assert listed.manifest.version == models.get().manifest.version == "1"
    with pytest.raises(UnknownModel, match="version=2"):
        models.find("net", "2")
    fresh = ModelRegistry(ModelStore(tmp_path), "net", load)
    assert fresh.get().manifest.version == "2"
    assert fresh.find("net", "1").manifest.version == "1"


def test_a_damaged_folder_and_a_copy_are_left_out(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, "damaged")
    (tmp_path / "damaged" / "1" / MANIFEST).write_text("{}")
    shutil.copytree(tmp_path / "net" / "1", tmp_path / "net" / "1.bak")
    models = ModelRegistry(ModelStore(tmp_path), "net", load)
    assert [stored.manifest.name for stored in models.stored()] == ["net"]
    with pytest.raises(UnknownModel, match="damaged"):
        models.get("damaged")


def test_a_network_that_answers_no_numbers_is_refused(store: ModelStore) -> None:
    model = LoadedModel(store.get("net"), NotANumber())
    with pytest.raises(CorruptArtefact, match="not_finite"):
        model.probabilities(Radiograph(np.zeros((8, 8), dtype=np.uint8), "image/png"))
    assert not same_answers(np.array([np.nan, 0.5]), np.array([0.5, 0.5]))


def copied(name: str, folder: Path) -> Path:
    stored = ModelStore(Settings().model_store).get(name)
    shutil.copytree(stored.folder, folder / name / stored.manifest.version)
    return folder / name / stored.manifest.version


def rewritten(folder: Path, changes: dict[str, object]) -> StoredModel:
    manifest = StoredModel.read(folder).manifest
    write_manifest(Manifest.model_validate(manifest.model_dump() | changes), folder)
    return StoredModel.read(folder)


def test_a_compiled_network_that_is_not_listed_is_not_loaded(tmp_path: Path) -> None:
    folder = copied("seed-cnn", tmp_path)
    stored = rewritten(folder, {"files": hashed(folder, "model.keras")})
    with pytest.raises(CorruptArtefact, match="unlisted"):
        load_model(stored)


def test_a_network_that_computes_otherwise_is_not_loaded(tmp_path: Path) -> None:
    stored = rewritten(copied("seed-cnn", tmp_path), {"probe": (0.1, 0.2, 0.7)})
    with pytest.raises(CorruptArtefact, match="computes_otherwise"):
        load_model(stored)


def test_a_network_of_another_framework_is_served_and_has_any_labels(tmp_path: Path) -> None:
    folder = copied("seed-cnn", tmp_path)
    (folder / "model.keras").unlink()
    labels = [Label(code=c, display={"en": c, "es": c}) for c in ("clear", "opaque", "other")]
    stored = rewritten(
        folder,
        {
            "files": hashed(folder, "model.onnx"),
            "labels": labels,
            "operating_points": {},
            "prediction_set": None,
            "parity": None,
        },
    )
    model = load_model(stored)
    answer = model.probabilities(Radiograph(np.zeros((64, 64), dtype=np.uint8), "image/png"))
    assert answer.keys() == {"clear", "opaque", "other"}
    with pytest.raises(CorruptArtefact, match="no_engine"):
        load_model(stored, "keras")


def test_the_promoted_version_answers_and_is_listed(tmp_path: Path) -> None:
    for _ in range(3):
        publish(tmp_path)
    ModelStore(tmp_path).promote("net", "2")

    models = ModelRegistry(ModelStore(tmp_path), "net", load)

    assert [stored.manifest.version for stored in models.stored()] == ["2"]
    assert models.get().manifest.version == "2"
    assert models.find("net", "3").manifest.version == "3"


@pytest.mark.parametrize("promoted", ["7", "²"])
def test_a_model_whose_promoted_version_cannot_be_read_does_not_answer_with_another(
    tmp_path: Path, promoted: str
) -> None:
    publish(tmp_path)
    publish(tmp_path, "other")
    (tmp_path / "net" / "promoted").write_text(promoted, encoding="utf-8")

    models = ModelRegistry(ModelStore(tmp_path), "other", load)

    with pytest.raises(UnknownModel):
        models.find("net")
    assert models.get().manifest.name == "other"
