from __future__ import annotations

from pathlib import Path

import pytest

from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.screening.site_labels import read_labels

CODES = ("normal", "covid_19")


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_films_are_named_from_the_table_s_folder_on(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufefffilm,label,who\n1.dcm,normal,me\nmore/2.png,covid_19,you\n")

    assert read_labels(path, CODES) == [
        (tmp_path / "1.dcm", "normal"),
        (tmp_path / "more" / "2.png", "covid_19"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "label_columns"),
        ("film;label\n1.dcm;normal\n", "label_columns"),
        ("film,label\n1.dcm,COVID\n", "unknown_label"),
        ("film,label\n1.dcm\n", "unknown_label"),
        ("film,label\n,normal\n", "unknown_label"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InvalidSiteProfile, match=fault):
        read_labels(written(tmp_path, text), CODES)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00\xd8")

    with pytest.raises(InvalidSiteProfile, match="unreadable"):
        read_labels(tmp_path / "labels.csv", CODES)
