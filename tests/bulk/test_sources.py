"""Films are found wherever they lie, and what cannot be read is said of each."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import fsspec
import pytest
from pydicom.data import get_testdata_file

from covidxray_api.bulk.sources import Contents, Film, check, find, is_archive, members, read
from covidxray_api.errors import BodyTooLarge, CovidXrayError, FileUnavailable

LIMIT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "films"
    (top / "b" / ".hidden").mkdir(parents=True)
    for name in ("a.png", "b/c.dcm", "b/.hidden/d.png", ".e.png", "b/DICOMDIR", "z[1].png"):
        (top / name).write_bytes(name.encode())
    return top


def names(found: object, top: Path) -> list[str]:
    return [Path(path).relative_to(top).as_posix() for path in found]  # type: ignore[attr-defined]


def test_a_folder_with_all_that_it_holds(folder: Path) -> None:
    assert names(find([str(folder)]), folder) == ["a.png", "z[1].png", "b/c.dcm"]


def test_a_pattern(folder: Path) -> None:
    assert names(find([f"{folder}/**/*.png"]), folder) == ["a.png", "z[1].png"]
    assert names(find([f"{folder}/z[1].png"]), folder) == ["z[1].png"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("list.txt", "a.png\n\nb/c.dcm\n"), ("list.csv", "label,file\n1,a.png\n2,b/c.dcm\n")],
)
def test_a_manifest_names_files_from_its_folder(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)

    assert names(find([str(folder / name)]), folder) == ["a.png", "b/c.dcm"]


def test_a_study_is_what_its_directory_lists() -> None:
    directory = get_testdata_file("DICOMDIR")

    found = list(find([str(directory)]))

    assert len(found) == 31
    assert all(read(path, 10_000_000)[128:132] == b"DICM" for path in found)


def test_a_store_behind_an_address() -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/archive/2020/a.png", b"film")

    (found,) = find(["memory://archive"])

    assert found.startswith("memory://")
    assert read(found, LIMIT) == b"film"


def archive(path: Path, films: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, data in films.items():
                zipped.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tarred:
            for name, data in films.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tarred.addfile(entry, io.BytesIO(data))
    return path


def held(path: Path, done: frozenset[str] = frozenset()) -> dict[str, Contents]:
    assert is_archive(str(path))
    found = members(str(path), LIMIT, lambda film: film.member not in done)
    return {film.member: contents for film, contents in found}


@pytest.mark.parametrize("name", ["films.zip", "films.tar", "films.tgz"])
def test_archives_are_read_member_by_member(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / name, {"a.png": b"1", "../b.png": b"2", "c.png": b"3" * (LIMIT + 1)})

    found = held(path, done=frozenset({"a.png"}))

    assert found.pop("../b.png") == b"2"
    assert isinstance(found.pop("c.png"), BodyTooLarge)
    assert found == {}


def test_a_damaged_archive_costs_none_of_the_members_before_the_damage(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.tar", {f"{n}.png": b"x" * LIMIT for n in range(40)})
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 700)
    text = tmp_path / "text.zip"
    text.write_text("The patient is well.")

    found = held(path)
    (nothing,) = held(text).values()

    assert found["0.png"] == b"x" * LIMIT
    assert isinstance(found[""], FileUnavailable)
    assert isinstance(nothing, FileUnavailable)


def test_an_encrypted_member_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", {"a.png": b"1"})
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)

    (found,) = held(path).values()

    assert isinstance(found, FileUnavailable)
    assert "encrypted" in str(found.facts["fault"])


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable, match="No such file"):
        read(str(tmp_path / "absent.png"), LIMIT)


@pytest.mark.parametrize("source", ["absent", "absent/*.png", "absent.txt", "DICOMDIR", "empty"])
def test_sources_that_cannot_be_meant_are_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "DICOMDIR").write_text("No directory.")

    with pytest.raises(CovidXrayError, match=source.replace("*", r"\*")):
        check([source])


def test_a_name_of_any_bytes_can_be_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(path, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"film")

    (found,) = find([str(tmp_path)])

    assert read(found, LIMIT) == b"film"
    assert Film(found).shown().path == f"{tmp_path}/caf\\xe9.png"
