from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tests.dicom_files import dicom, ramp
from typer.testing import CliRunner

from covidxray_api.cli import app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "image.dcm"
    path.write_bytes(dicom(ramp(), BitsStored=12, RescaleIntercept=-1000))
    return path


def test_what_is_stated_shown_and_assumed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    result = CliRunner().invoke(app, ["inspect", str(file)])

    assert result.exit_code == 0
    assert "Explicit VR Little Endian" in result.stdout
    assert "rescale · 1 + -1000" in result.stdout
    assert "rescale_assumed" in result.stdout
    assert "slope 1 and intercept 0" in result.stdout
    assert "uint16: 0" in result.stdout
    assert "Secret" not in result.stdout


def test_a_picture_with_both_histograms(file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"

    assert CliRunner().invoke(app, ["inspect", str(file), "--picture", str(picture)]).exit_code == 0

    with Image.open(picture) as image:
        assert (image.format, image.width) == ("PNG", 640)
        assert image.height > 2 * 200


def test_a_file_that_is_not_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7 ...")

    result = CliRunner().invoke(app, ["inspect", str(path)])

    assert result.exit_code == 1
    assert "format PDF, which is not read" in result.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "none.png")])

    assert result.exit_code == 1
    assert "No such file" in result.stderr
