from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.varied import vary
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.models.site import Site


@pytest.fixture(scope="module")
def radiographs(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty composites that differ a little in brightness, one of them in a folder."""
    folder = tmp_path_factory.mktemp("site") / "radiographs"
    vary(examples / "normal.png", folder)
    (folder / "more").mkdir()
    (folder / "7.png").rename(folder / "more" / "7.png")
    return folder


def test_it_says_which_files_it_does_not_take(
    radiographs: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    # A profile in force is of no matter, even if it cannot be used.
    monkeypatch.setenv("COVIDXRAY_SITE", str(tmp_path / "absent.json"))
    folder, output = tmp_path / "all", tmp_path / "profile.json"
    shutil.copytree(radiographs, folder)
    shutil.copy(folder / "3.png", folder / "again.png")
    shutil.copy(examples / "not_a_radiograph.png", folder / "photo.png")
    (folder / "notes.txt").write_text("No image.")

    result = CliRunner().invoke(
        app, ["site", "fit", str(folder), "--name", "North", "--output", str(output)]
    )

    assert result.exit_code == 0, result.output
    for said in (
        "again.png: The same file is there twice",
        "photo.png: The image is not a chest radiograph",
        "notes.txt: ",
        "North: 50 radiographs, 3 files refused",
        "where they are alike, 0.10 to 0.90 where it may be used",
    ):
        assert said in result.output
    profile = Site.read(output).profile
    assert (profile.radiographs, profile.refused) == (50, 3)
    assert "png" not in output.read_text()


def test_cases_of_the_site_measure_its_sensitivity(
    radiographs: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    cases, output = tmp_path / "cases", tmp_path / "profile.json"
    vary(examples / "covid_19.png", cases, 20)
    command = ["site", "fit", str(radiographs), "--cases", str(cases), "--output", str(output)]

    result = CliRunner().invoke(app, command)
    (cases / "0.png").unlink()
    too_few = CliRunner().invoke(app, command)

    assert result.exit_code == 0, result.output
    assert "COVID-19 found at the site" in result.output
    profile = Site.read(output).profile
    assert (profile.radiographs, profile.cases, profile.cases_from) == (50, 20, "site")
    assert profile.operating_points["balanced"].sensitivity.value == 1
    assert "19 are frontal chest radiographs" in too_few.stderr


def test_films_labelled_by_the_site_add_a_temperature(
    radiographs: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    vary(examples / "covid_19.png", tmp_path / "films", 3)
    table, output = tmp_path / "labels.csv", tmp_path / "profile.json"
    rows = [f"films/{n}.png,covid_19" for n in range(3)]
    rows += ["films/absent.png,normal", f"{radiographs / '3.png'},normal"]
    table.write_text("film,label\n" + "\n".join(rows))
    command = ["site", "fit", str(radiographs), "--labels", str(table), "--output", str(output)]

    result = CliRunner().invoke(app, command)
    spanish = CliRunner().invoke(app, [*command, "--lang", "es"])
    table.write_text("film,label\nfilms/0.png,COVID\n")
    unknown = CliRunner().invoke(app, command)

    assert result.exit_code == 0, result.output
    assert "absent.png: No such file" in result.output
    # What is among the radiographs from before COVID-19 is not taken twice.
    assert "3.png: The same file is there twice" in result.output
    assert "by 3 labelled radiographs; that of the model is 0.57" in result.output
    assert (
        "3 of 3 labelled radiographs with COVID-19 are found at balanced (29% to" in result.output
    )
    assert "con 3 radiografías etiquetadas; la del modelo es 0,57" in spanish.output
    profile = Site.read(output).profile
    assert profile.cases_from == "known_hospitals"
    assert profile.labelled is not None
    assert (profile.labelled.radiographs, profile.labelled.cases) == (3, 3)
    assert profile.labelled.temperature.low < 0.57 < profile.labelled.temperature.high
    assert "png" not in output.read_text()
    assert unknown.exit_code == 1
    assert "row 1: “COVID” is none of the labels" in unknown.stderr


def test_fewer_than_fifty_are_too_few(radiographs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    shutil.copytree(radiographs, folder)
    (folder / "0.png").unlink()

    result = CliRunner().invoke(app, ["site", "fit", str(folder), "--output", f"{tmp_path}/p.json"])

    assert result.exit_code == 1
    assert "49 are frontal chest radiographs" in result.stderr
    assert not (tmp_path / "p.json").exists()
