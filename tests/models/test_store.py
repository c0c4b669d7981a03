import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.models.artefacts import hashed, sha256_of, write_json, write_manifest
from covidxray_api.models.manifest import Label, Manifest, Preprocessing
from covidxray_api.models.store import ModelStore, StoredModel

LABELS = tuple(Label(code=code, display={"en": code, "es": code}) for code in ("a", "b"))
POINT = {"weights": {"a": 0.5, "b": 0.5}, "target": "b", "sensitivity": 0.9, "specificity": 0.9}
POINT |= {"cases": 10, "controls": 20}
DESCRIBED: Mapping[str, Any] = {
    "name": "net",
    "version": "1",
    "description": "A model.",
    "labels": LABELS,
    "preprocessing": {"size": (8, 8)},
    "files": {},
}


def stored(root: Path, name: str) -> StoredModel:
    store = ModelStore(root)
    with store.new_version(name) as draft:
        (draft.folder / "model.keras").write_bytes(b"weights " + draft.version.encode())
        manifest = Manifest(
            name=name,
            version=draft.version,
            description="A model.",
            labels=LABELS,
            preprocessing=Preprocessing(size=(8, 8)),
            files=hashed(draft.folder, "model.keras"),
        )
        write_manifest(manifest, draft.folder)
    return store.get(name, draft.version)


def test_a_label_has_a_name_in_every_language() -> None:
    with pytest.raises(ValidationError, match="no name in es"):
        Label.model_validate({"code": "a", "display": {"en": "A"}})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"weights": {"a": 0.5, "b": 0.0}}, "greater than 0"),
        ({"target": "c"}, "no weight"),
        ({"weights": {"a": 0.5, "b": 0.5, "c": 0.5}}, "other labels"),
        ({"weights": {"b": 0.5}}, "other labels"),
    ],
)
def test_an_operating_point_is_about_the_labels(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Manifest(**DESCRIBED, operating_points={"balanced": POINT | changes})


def test_operating_points_are_in_order_of_their_sensitivity() -> None:
    points = {"screening": POINT | {"sensitivity": 0.8}, "balanced": POINT}
    with pytest.raises(ValidationError, match="larger sensitivity"):
        Manifest(**DESCRIBED, operating_points=points)
    points["specific"] = points.pop("screening")
    assert Manifest(**DESCRIBED, operating_points=points).operating_points.keys() == points.keys()


def test_balanced_must_be_among_the_operating_points() -> None:
    with pytest.raises(ValidationError, match="balanced"):
        Manifest(**DESCRIBED, operating_points={"specific": POINT})


def test_fixed_cut_offs_are_shares() -> None:
    point = Manifest(
        **DESCRIBED, operating_points={"balanced": POINT | {"weights": {"a": 0.5, "b": 1.5}}}
    ).operating_points["balanced"]
    assert point.cut_offs == {"a": 0.25, "b": 0.75}


def test_the_newest_version_answers(tmp_path: Path) -> None:
    for _ in range(10):
        stored(tmp_path, "net")
    assert ModelStore(tmp_path).get("net").manifest.version == "10"
    assert ModelStore(tmp_path).get("net", "2").manifest.version == "2"
    with pytest.raises(UnknownModel, match="version=11"):
        ModelStore(tmp_path).get("net", "11")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    found = stored(tmp_path, "net")
    found.verify()
    assert found.manifest.files == {"model.keras": sha256_of(found.folder / "model.keras")}
    assert found.sha256 == sha256_of(found.folder / "manifest.json")
    assert found.evidence == {}
    write_json(found.folder / "evidence.json", {"auroc": 0.9})
    assert found.evidence == {"auroc": 0.9}
    found.verify()


@pytest.mark.parametrize("name", ["missing", "", "..", "../a", "a/1", "a\0"])
def test_unknown_names_never_reach_the_file_system(tmp_path: Path, name: str) -> None:
    stored(tmp_path / "store", "a")
    stored(tmp_path, "outside")
    with pytest.raises(UnknownModel, match=r"known=\('a',\)"):
        ModelStore(tmp_path / "store").get(name)


def test_a_network_that_the_manifest_does_not_list_is_noticed(tmp_path: Path) -> None:
    found = stored(tmp_path, "net")
    (found.folder / "model.onnx").write_bytes(b"from elsewhere")
    with pytest.raises(CorruptArtefact, match="unlisted"):
        found.verify()


def test_a_damaged_or_foreign_manifest_is_noticed(tmp_path: Path) -> None:
    folder = stored(tmp_path, "net").folder
    folder.rename(tmp_path / "net" / "7")
    with pytest.raises(CorruptArtefact, match="it is of net 1"):
        ModelStore(tmp_path).get("net")
    (tmp_path / "net" / "7" / "manifest.json").write_text('{"name": "net"}')
    with pytest.raises(CorruptArtefact, match="manifest"):
        ModelStore(tmp_path).get("net")


class TestPromotion:
    @pytest.fixture
    def store(self, tmp_path: Path) -> ModelStore:
        for _ in range(3):
            stored(tmp_path, "net")
        return ModelStore(tmp_path)

    def test_the_promoted_version_answers_whatever_is_published_later(
        self, store: ModelStore
    ) -> None:
        assert store.promoted("net") is None

        store.promote("net", "2")
        stored(store.root, "net")

        assert store.promoted("net") == "2"
        assert store.get("net").manifest.version == "2"
        assert store.get("net", "4").manifest.version == "4"

    def test_each_promotion_can_be_taken_back(self, store: ModelStore) -> None:
        for version in ("1", "2", "1"):
            store.promote("net", version)

        answered = [store.roll_back("net"), store.roll_back("net")]

        # Version 3, the newest, answered before anything was promoted.
        assert answered == ["2", "3"]
        assert store.get("net").manifest.version == "3"
        with pytest.raises(UnknownModel, match="nothing_before"):
            store.roll_back("net")

    def test_what_is_not_stored_is_not_promoted(self, store: ModelStore) -> None:
        for name, version in (("net", "4"), ("other", "1"), ("..", "1")):
            with pytest.raises(UnknownModel):
                store.promote(name, version)
        assert store.promoted("net") is None

    def test_a_promoted_version_that_is_gone_is_told_and_can_be_left(
        self, store: ModelStore
    ) -> None:
        store.promote("net", "2")
        shutil.rmtree(store.root / "net" / "2")

        with pytest.raises(UnknownModel, match="version=2"):
            store.get("net")
        assert store.roll_back("net") == "3"

    def test_a_file_that_cannot_be_read_or_written_is_told(self, store: ModelStore) -> None:
        (store.root / "net" / "promoted").mkdir()

        with pytest.raises(CorruptArtefact, match="manifest"):
            store.get("net")
        (store.root / "net" / "promoted").rmdir()
        (store.root / "net" / "promoted").write_bytes(b"\xff")
        with pytest.raises(CorruptArtefact, match="manifest"):
            store.get("net")
