from pathlib import Path

import pytest
from pydantic import ValidationError

from covidxray_api.errors import CorruptArtefact
from covidxray_api.models.artefacts import (
    Declaration,
    fault_of,
    hashed,
    new_version,
    verify,
    versions,
    write_json,
    write_manifest,
)


class Note(Declaration):
    files: dict[str, str]


def publish(folder: Path, content: bytes = b"weights") -> Path:
    with new_version(folder) as draft:
        (draft.folder / "model.onnx").write_bytes(content)
        write_manifest(Note(files=hashed(draft.folder, "model.onnx")), draft.folder)
    return folder / draft.version


def files_of(folder: Path) -> dict[str, str]:
    return Note.model_validate_json((folder / "manifest.json").read_bytes()).files


def test_versions_are_counted_up(tmp_path: Path) -> None:
    assert [publish(tmp_path).name for _ in range(11)][-1] == "11"
    assert [folder.name for folder in versions(tmp_path)][-2:] == ["10", "11"]


def test_a_copy_or_a_draft_is_no_version(tmp_path: Path) -> None:
    publish(tmp_path)
    for name in ("1.bak", "latest", ".draft-x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    assert [folder.name for folder in versions(tmp_path)] == ["1"]
    assert publish(tmp_path).name == "2"


def test_what_fails_is_not_published(tmp_path: Path) -> None:
    publish(tmp_path)

    def fail() -> None:
        with new_version(tmp_path) as draft:
            (draft.folder / "model.onnx").write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_nobody_replaces_a_published_version(tmp_path: Path) -> None:

    def publish_late() -> None:
        with new_version(tmp_path) as draft:
            (draft.folder / "model.onnx").write_bytes(b"late")
            publish(tmp_path, b"first")

    with pytest.raises(CorruptArtefact, match="version_taken"):
        publish_late()
    assert (tmp_path / "1" / "model.onnx").read_bytes() == b"first"


def test_a_whole_version_is_verified(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    write_json(folder / "evidence.json", {"auroc": 0.9})
    (folder / "MODEL_CARD.md").write_text("# Card")
    verify(folder, files_of(folder))


def test_a_changed_a_missing_and_an_unlisted_file_are_noticed(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    with pytest.raises(CorruptArtefact, match="unlisted"):
        verify(folder, {})
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(CorruptArtefact, match="hash"):
        verify(folder, files_of(folder))
    (folder / "model.onnx").unlink()
    with pytest.raises(CorruptArtefact, match="missing"):
        verify(folder, files_of(folder))


def test_what_only_training_reads_may_be_absent_and_is_not_hashed(tmp_path: Path) -> None:
    folder = publish(tmp_path)
    verify(folder, files_of(folder), {"trials.npz": "0"})
    (folder / "trials.npz").write_bytes(b"of training")
    verify(folder, files_of(folder), {"trials.npz": "0"})


def test_why_a_file_cannot_be_read_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as absent:
        (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(ValidationError) as unlisted:
        Note.model_validate_json('{"files": {"mean.npy": 1}, "more": 1}')
    with pytest.raises(ValidationError) as no_json:
        Note.model_validate_json("PK")

    assert (
        fault_of(absent.value) == f"{Path(absent.value.filename).name}: No such file or directory"
    )
    assert (
        fault_of(unlisted.value)
        == "files.mean.npy: Input should be a valid string; more: Extra inputs are not permitted"
    )
    assert fault_of(no_json.value).startswith("Invalid JSON: expected value")
    assert fault_of(ValueError("One.\nTwo.")) == "One"
