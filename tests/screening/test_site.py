"""A site profile in force, from the setting to every door."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import numpy as np
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from covidxray_api.cli import app
from covidxray_api.errors import InvalidSiteProfile
from covidxray_api.models.artefacts import sha256_of, write_json
from covidxray_api.models.site import ModelVersion, SiteProfile
from covidxray_api.models.site_fitting import fit_site
from covidxray_api.models.store import ModelStore
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.site import known_hospitals, read
from covidxray_api.settings import Settings

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

STORED = ModelStore(Settings().model_store).get(Settings().default_model)


def profile(scores: np.ndarray, sha256: str = STORED.sha256) -> SiteProfile:
    manifest = STORED.manifest
    model = ModelVersion(name=manifest.name, version=manifest.version, sha256=sha256)
    return fit_site("North Clinic", model, known_hospitals(STORED), scores.tolist())


def written(content: SiteProfile, path: Path) -> Settings:
    write_json(path, content.model_dump(mode="json"))
    return Settings(site=path)


@pytest.fixture(scope="module")
def high(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A site whose radiographs without COVID-19 score so high that the service advises against."""
    path = tmp_path_factory.mktemp("site") / "high.json"
    return written(profile(np.linspace(1e6, 1e9, 60)), path)


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A site much like the known hospitals, where a few radiographs score high."""
    path = tmp_path_factory.mktemp("site") / "low.json"
    percentiles = known_hospitals(STORED).controls.percentiles
    return written(profile(np.array(percentiles[:99])), path)


def test_every_answer_says_which_site_and_how_unusual_the_radiograph_is(
    serve: Serve, low: Settings, examples: Path
) -> None:
    film, refused = (
        (examples / name).read_bytes() for name in ("covid_19.png", "not_a_radiograph.png")
    )
    with serve(low) as client:
        answer = client.post("/predict", content=film).json()
        rejected = client.post("/predict", content=refused).json()
        explained = client.post("/explain", content=film).json()
        report = client.post("/report", content=film).content
        other = client.post("/predict", content=film, params={"model": "seed-cnn"}).json()
        listed = {each["name"]: each for each in client.get("/models").json()["models"]}

    assert low.site
    named = {
        "name": "North Clinic",
        "radiographs": 99,
        "labelled": 0,
        "sha256": sha256_of(low.site),
    }
    # It scores higher than all of the site's own.
    assert answer["site"] == named | {"p_value": 1 / 100}
    assert explained["site"] == answer["site"]
    assert answer["warnings"] == []
    assert {made["predicted_label"] for made in answer["decisions"].values()} == {"covid_19"}
    assert answer["model"]["sha256"] == STORED.sha256
    assert rejected["site"] == named | {"p_value": None}
    page = " ".join(PdfReader(io.BytesIO(report)).pages[0].extract_text().split())
    assert "Operating points of the site North Clinic, by 99 of its radiographs; p = 1%" in page
    # What is to be expected is what the profile promises, not what the model's evidence says.
    said = {figure["code"]: figure["message"] for figure in answer["figures"]}
    assert list(said) == ["false_positives_at_site", "sensitivity_of_known_hospitals"]
    assert said["false_positives_at_site"].startswith(
        "At the site North Clinic, at most 5 of 100 without COVID-19 are called so"
    )
    assert said["false_positives_at_site"] in page
    # The profile holds for the default model alone.
    assert other["site"] is listed["seed-cnn"]["site"] is None
    described = listed[STORED.manifest.name]
    assert described["site"] | named == described["site"]
    assert described["site"]["doubts"] == []
    point, promised = (
        described["operating_points"]["balanced"],
        described["site"]["operating_points"]["balanced"],
    )
    assert point["specificity"] == 1 - promised["false_positive_rate"]["value"] == 1 - 5 / 100
    assert point["controls"] == 99


def test_a_site_where_the_service_should_not_be_used_is_warned_of(
    high: Settings, examples: Path
) -> None:
    screener = Screener.from_settings(high)
    screening = screener.screen((examples / "covid_19.png").read_bytes())

    assert screening.validation.warnings == ("site_insensitive", "site_unlike")
    assert screening.p_value == 1
    assert {made.label.code for made in screening.decisions.values()} != {"covid_19"}


def test_the_command_line_uses_it(
    low: Settings, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVIDXRAY_SITE", str(low.site))
    monkeypatch.setenv("COLUMNS", "300")

    table = CliRunner().invoke(app, ["screen", str(examples / "covid_19.png")])
    line = CliRunner().invoke(app, ["screen", "--json", str(examples / "covid_19.png")])

    assert "balanced of the site North Clinic (n = 99)" in table.stdout
    assert "p = 1%" in table.stdout
    assert json.loads(line.stdout)["site"]["p_value"] == 1 / 100


def test_a_profile_of_another_version_is_refused_at_the_start(
    serve: Serve, tmp_path: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = written(profile(np.linspace(0.1, 1, 60), sha256="0" * 64), tmp_path / "old.json")

    with pytest.raises(InvalidSiteProfile, match="other_model"):
        Screener.from_settings(settings)
    with serve(settings) as client:
        assert client.get("/health").json()["status"] == "failed"
        assert client.post("/predict", content=b"").status_code == 503
    monkeypatch.setenv("COVIDXRAY_SITE", str(settings.site))
    said = CliRunner().invoke(app, ["screen", str(examples / "normal.png")])
    assert said.exit_code == 1
    assert "was fitted for multi-source" in said.stderr


def test_a_profile_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSiteProfile, match="unreadable"):
        Screener.from_settings(Settings(site=tmp_path / "absent.json"))


def test_a_refused_image_is_not_taken(examples: Path) -> None:
    screener = Screener.from_settings(Settings())

    assert read(screener, (examples / "not_a_radiograph.png").read_bytes()) is None
    assert read(screener, (examples / "covid_19.png").read_bytes())


def test_a_model_without_evidence_has_nothing_to_compare_a_site_with() -> None:
    with pytest.raises(InvalidSiteProfile, match="no_evidence"):
        known_hospitals(ModelStore(Settings().model_store).get("seed-cnn"))
