"""Models go from one store to another, and arrive as they were published."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from tests.models.test_store import stored

from covidxray_api.errors import CorruptArtefact, InvalidConfiguration
from covidxray_api.models.artefacts import sha256_of, write_json
from covidxray_api.models.packages import keep, publish, staged
from covidxray_api.models.store import ModelStore, StoredModel


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    """A version with evidence and a card."""
    (tmp_path / "from").mkdir()
    stored(tmp_path / "from", "net")
    model = stored(tmp_path / "from", "net")
    write_json(model.folder / "evidence.json", {"auroc": 0.9})
    (model.folder / "MODEL_CARD.md").write_text("# net 2\n")
    return StoredModel.read(model.folder)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Another store, empty."""
    (tmp_path / "to").mkdir()
    return ModelStore(tmp_path / "to")


def brought(source: object, store: ModelStore, sha256: str | None = None) -> StoredModel:
    with staged(str(source), store, sha256) as found:
        found.verify()
        return keep(found, store)


@pytest.mark.parametrize("kind", ["folder", "file", "address"])
def test_a_version_arrives_as_it_was_published(
    model: StoredModel, store: ModelStore, tmp_path: Path, kind: str
) -> None:
    package = tmp_path / "net.tar"
    sha256 = publish(model, str(package))
    sources = {"folder": model.folder, "file": package, "address": package.as_uri()}

    found = brought(sources[kind], store, sha256 if kind == "address" else None)

    assert found.folder == store.root / "net" / "2"
    assert found.sha256 == model.sha256
    names = ["MODEL_CARD.md", "evidence.json", "manifest.json", "model.keras"]
    assert sorted(path.name for path in found.folder.iterdir()) == names
    assert [path.name for path in store.root.iterdir()] == ["net"]
    assert store.get("net").evidence == {"auroc": 0.9}


def test_a_package_is_the_same_wherever_it_is_made(model: StoredModel, tmp_path: Path) -> None:
    first = publish(model, str(tmp_path / "first.tar"))
    (model.folder / "manifest.json").touch()
    second = publish(model, (tmp_path / "second.tar").as_uri())

    assert (
        first == second == sha256_of(tmp_path / "first.tar") == sha256_of(tmp_path / "second.tar")
    )


def test_what_is_damaged_is_not_published(model: StoredModel, tmp_path: Path) -> None:
    (model.folder / "model.keras").write_bytes(b"other")

    with pytest.raises(CorruptArtefact, match="hash"):
        publish(model, str(tmp_path / "net.tar"))
    assert not (tmp_path / "net.tar").exists()


def test_a_file_that_there_is_is_not_overwritten(model: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "net.tar").write_text("mine")

    with pytest.raises(CorruptArtefact, match="File exists"):
        publish(model, str(tmp_path / "net.tar"))


def test_another_file_than_the_one_that_is_meant_is_refused(
    model: StoredModel, store: ModelStore, tmp_path: Path
) -> None:
    package = tmp_path / "net.tar"
    publish(model, str(package))

    for source in (package, package.as_uri(), model.folder):
        with pytest.raises(CorruptArtefact, match="other_hash"):
            brought(source, store, "0" * 64)
    assert brought(model.folder, store, model.sha256.upper()).manifest.version == "2"


def test_an_address_needs_a_hash(store: ModelStore) -> None:
    with pytest.raises(InvalidConfiguration, match="no_sha256"):
        brought("s3://models/net.tar", store)


def test_an_address_of_a_kind_that_is_not_read_is_told(store: ModelStore) -> None:
    with pytest.raises(CorruptArtefact, match="not_fetched"):
        brought("nothing://models/net.tar", store, "0" * 64)
    with pytest.raises(InvalidConfiguration, match="remote_extra"):
        brought("s3://models/net.tar", store, "0" * 64)


def test_a_published_version_never_changes(model: StoredModel, store: ModelStore) -> None:
    (store.root / "net").mkdir()
    brought(model.folder, store)
    assert brought(model.folder, store).sha256 == model.sha256
    manifest = model.folder / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")

    with pytest.raises(CorruptArtefact, match="version_taken"):
        brought(model.folder, store)


def packed(path: Path, *names: str, link: str | None = None) -> Path:
    with tarfile.open(path, "w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
    return path


@pytest.mark.parametrize(
    ("names", "link"),
    [
        ([], None),
        (["manifest.json"], None),
        (["net/1/manifest.json", "net/2/manifest.json"], None),
        (["net/1/deep/manifest.json"], None),
        (["../net/manifest.json"], None),
        (["/net/manifest.json"], None),
        (["net/one/manifest.json"], None),
        ([".draft-x/1/manifest.json"], None),
        (["net/1/manifest.json"], None),
        (["net/1/manifest.json"], "net/1/model.keras"),
    ],
)
def test_what_is_no_package_changes_nothing(
    store: ModelStore, tmp_path: Path, names: list[str], link: str | None
) -> None:
    package = packed(tmp_path / "net.tar", *names, link=link)

    with pytest.raises(CorruptArtefact):
        brought(package, store)
    assert list(store.root.iterdir()) == []
    assert not (tmp_path / "net").exists()


def test_a_store_that_cannot_be_written_is_told(model: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CorruptArtefact, match="not_written"):
        brought(model.folder, ModelStore(tmp_path / "file" / "store"))


def test_what_is_no_archive_is_told(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    for source in (tmp_path / "text", tmp_path / "none", tmp_path):
        with pytest.raises(CorruptArtefact, match="not_fetched"):
            brought(source, store)
