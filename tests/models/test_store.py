from pathlib import Path

import pytest
from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact, UnknownModel
from covidxray_api.models.artefacts import sha256_of
from covidxray_api.models.manifest import Label, Manifest
from covidxray_api.models.store import ModelStore

LABELS = tuple(Label(code=code, display={"en": code, "es": code}) for code in ("a", "b"))


def stored(root: Path, name: str, version: str) -> Manifest:
    folder = root / name / version
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"weights " + version.encode())
    manifest = Manifest(
        name=name,
        version=version,
        description="A model.",
        labels=LABELS,
        input_size=(8, 8),
        files={"model.keras": sha256_of(folder / "model.keras")},
    )
    ModelStore(root).write_manifest(manifest)
    return manifest


def test_a_label_has_a_name_in_every_language() -> None:
    with pytest.raises(ValidationError, match="no name in es"):
        Label.model_validate({"code": "a", "display": {"en": "A"}})


def test_the_newest_version_answers(tmp_path: Path) -> None:
    for version in ("2", "10", "9"):
        stored(tmp_path, "net", version)
    store = ModelStore(tmp_path)
    assert store.get("net").manifest.version == "10"
    assert store.next_version("net") == "11"
    assert store.next_version("other") == "1"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    manifest = stored(tmp_path, "net", "1")
    found = ModelStore(tmp_path).get("net")
    assert found.manifest == manifest
    found.verify()
    assert found.sha256 == manifest.files["model.keras"]


def test_models_are_listed_by_name(tmp_path: Path) -> None:
    stored(tmp_path, "b", "1")
    stored(tmp_path, "a", "1")
    assert [model.manifest.name for model in ModelStore(tmp_path).all()] == ["a", "b"]


@pytest.mark.parametrize("name", ["missing", "", "..", "../a", "a/1", "a\0"])
def test_unknown_names_never_reach_the_file_system(tmp_path: Path, name: str) -> None:
    stored(tmp_path / "store", "a", "1")
    stored(tmp_path, "outside", "1")
    with pytest.raises(UnknownModel, match=r"known=\('a',\)"):
        ModelStore(tmp_path / "store").get(name)


def test_changed_weights_are_noticed(tmp_path: Path) -> None:
    stored(tmp_path, "net", "1")
    found = ModelStore(tmp_path).get("net")
    (found.folder / "model.keras").write_bytes(b"other")
    with pytest.raises(CorruptArtefact, match="hash"):
        found.verify()
    (found.folder / "model.keras").unlink()
    with pytest.raises(CorruptArtefact, match="missing"):
        found.verify()


def test_a_damaged_manifest_is_noticed(tmp_path: Path) -> None:
    stored(tmp_path, "net", "1")
    (tmp_path / "net" / "1" / "manifest.json").write_text('{"name": "net"}')
    with pytest.raises(CorruptArtefact, match="manifest"):
        ModelStore(tmp_path).get("net")
