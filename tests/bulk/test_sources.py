"""Films are found wherever they lie, and what cannot be read is said of each."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import fsspec
import pytest
from pydicom.data import get_testdata_file

from covidxray_api.archives import Contents
from covidxray_api.bulk.sources import Film, check, find, is_archive, members, read
from covidxray_api.errors import CovidXrayError, FileUnavailable, UnreadableImage

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


def held(path: Path, done: frozenset[str] = frozenset()) -> dict[str, Contents]:
    assert is_archive(str(path))
    found = members(str(path), LIMIT, lambda film: film.member not in done)
    return {film.member: contents for film, contents in found}


def test_archives_are_read_member_by_member(tmp_path: Path) -> None:
    path = tmp_path / "films.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.png", "../b.png"):
            archive.writestr(name, name)

    assert held(path) == {"a.png": b"a.png", "../b.png": b"../b.png"}
    assert held(path, done=frozenset({"a.png"})).keys() == {"../b.png"}


def test_an_archive_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text.tgz"
    text.write_text("The patient is well.")

    assert isinstance(held(text)[""], UnreadableImage)
    assert isinstance(held(tmp_path / "absent.zip")[""], FileUnavailable)
    assert held(text, done=frozenset({""})) == {}


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
