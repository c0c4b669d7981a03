from __future__ import annotations

from pathlib import Path

import pytest

from covidxray_api.errors import RecordsUnavailable
from covidxray_api.records.secret import Secret


def test_it_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "records.key"

    first, second = Secret.load(path), Secret.load(path)

    assert first.of_image(b"film") == second.of_image(b"film")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [it.name for it in path.parent.iterdir()] == ["records.key"]


def test_hashes_are_of_the_secret_and_for_one_purpose(tmp_path: Path) -> None:
    one, other = Secret(b"\1" * 32), Secret(b"\2" * 32)

    hashes = [one.of_image(b"a"), one.of_image(b"b"), other.of_image(b"a"), one.of_content("a")]

    assert len(set(hashes)) == 4
    assert all(len(it) == 64 for it in hashes)


@pytest.mark.parametrize("content", ["", "no hash", "00" * 31, "\xff"])
def test_what_is_no_secret_is_told_and_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "records.key"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(RecordsUnavailable, match="key"):
        Secret.load(path)

    assert path.read_text(encoding="latin-1") == content


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RecordsUnavailable, match="key"):
        Secret.load(tmp_path / "file" / "records.key")
