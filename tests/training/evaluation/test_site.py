"""What the evaluation of site calibration says of scores whose figures are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from covidxray_api.models.manifest import BALANCED
from covidxray_api.models.site import EVIDENCE, KnownHospitals, ModelVersion
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings
from covidxray_api.training.evaluation.site import (
    SIZES,
    Hospitals,
    Seen,
    Source,
    evaluate_sites,
    summarised,
)
from covidxray_api.training.pages.site import draw_sites, site_page

MODEL = ModelVersion(name="drawn", version="1", sha256="0" * 64)


def source(name: str, seen: Seen, scale: float, n: int = 200) -> Source:
    scores = scale * np.random.default_rng(1).lognormal(-2, 1, n)
    return Source(
        name,
        seen,
        scores,
        patients=n,
        refused=1,
        ssims=scores / 2,
        gate_scores=scores / 3,
        distances=1 + scores,
    )


def hospitals(*controls: Source) -> Hospitals:
    return Hospitals(source("covid_19", "held out", 20), controls)


HOME = source("home", "held out", 1)


def test_false_positives_are_as_promised_wherever_radiographs_come_from() -> None:
    away = source("away", "unseen", 5)

    report = evaluate_sites(hospitals(HOME, away), MODEL, weight=0.5, draws=100)

    found = report["sources"]
    for name in ("home", "away"):
        for size in map(str, SIZES):
            for point in found[name]["with_profile"][size]["points"].values():
                promised = point["promised"]
                assert point["false_positives"]["value"] == pytest.approx(
                    promised["value"], abs=0.015
                )
    assert found["home"]["false_positives_without_profile"] < 0.1
    assert found["away"]["false_positives_without_profile"] > 0.5
    small = found["away"]["with_profile"][str(SIZES[0])]
    assert small["shift"]["value"] > 0.8
    assert small["advised_against"] > 0.5
    balanced = small["points"][BALANCED]
    assert report["left_out"] == {
        "false_positives_worst": balanced["false_positives"]["value"],
        "covid_19_found_mean": balanced["covid_19_found"]["value"],
    }


def test_a_source_with_too_few_radiographs_makes_no_site() -> None:
    report = evaluate_sites(
        hospitals(HOME, source("few", "unseen", 1, n=60)), MODEL, weight=0.5, draws=2
    )

    assert report["sources"]["few"]["with_profile"] == {}
    assert report["left_out"] is None


def test_known_hospitals_are_those_that_training_has_seen() -> None:
    known = summarised(hospitals(HOME, source("away", "unseen", 5)))

    assert known.controls.radiographs == 200
    assert known.controls.percentiles[50] == pytest.approx(np.median(HOME.scores), rel=1e-5)
    assert known.cases.share_below(0) == 0


def test_the_page_says_plainly_what_was_missed(tmp_path: Path) -> None:
    measured = evaluate_sites(
        hospitals(HOME, source("away", "unseen", 5)), MODEL, weight=0.5, draws=2
    )
    report = {"model": "drawn", "version": "1", **measured}

    draw_sites(report, tmp_path / "site.png")

    assert "80 % of COVID-19 found on the mean,\n**missed**" in site_page(report)
    assert "Targets" not in site_page(report | {"left_out": None})
    assert (tmp_path / "site.png").stat().st_size


def test_the_evaluation_in_the_docs_is_of_the_model_that_serves() -> None:
    report = json.loads(Path("docs/evaluation/site.json").read_text())

    serves = ModelStore(Settings().model_store).get(Settings().default_model)
    assert (report["model"], report["version"]) == (serves.manifest.name, serves.manifest.version)
    known = KnownHospitals.model_validate(serves.evidence[EVIDENCE])
    assert (known.cases.radiographs, known.cases.patients) == (report["cases"], report["patients"])
    assert Path("docs/site.md").read_text() == site_page(report)
