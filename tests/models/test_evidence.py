from __future__ import annotations

from typing import Any

import pytest

from covidxray_api.models.evidence import (
    OUTSIDE_LUNGS,
    false_positives_elsewhere,
    strongest_outside_lungs,
)
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings

SHARE = {"value": 0.4, "low": 0.35, "high": 0.45, "n": 467}


def evidence(**places: dict[str, float]) -> dict[str, Any]:
    return {"operating_points": {"balanced": {"adults_without_called_covid_19": places}}}


def test_the_worst_hospital_is_named() -> None:
    found = false_positives_elsewhere(
        evidence(
            **{
                "same sources": SHARE | {"value": 0.9},
                "sources left out": SHARE,
                "openist, left out": SHARE | {"value": 0.24, "n": 274},
                "wingspan, left out": SHARE | {"value": 0.64, "n": 193},
            }
        )
    )["balanced"]
    assert (found.value, found.n) == (0.4, 467)
    assert found.worst
    assert (found.worst.source, found.worst.value, found.worst.n) == ("wingspan", 0.64, 193)


def test_what_was_not_measured_is_not_said() -> None:
    assert false_positives_elsewhere({}) == {}
    assert false_positives_elsewhere(evidence(**{"same sources": SHARE})) == {}
    together = false_positives_elsewhere(evidence(**{"sources left out": SHARE}))
    assert together["balanced"].worst is None


@pytest.mark.parametrize("shape", [{"operating_points": 3}, evidence(**{"sources left out": {}})])
def test_evidence_of_another_form_is_told(shape: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="operating points"):
        false_positives_elsewhere(shape)


def test_how_often_maps_are_strongest_outside_the_lungs() -> None:
    found = strongest_outside_lungs({OUTSIDE_LUNGS: {"covid_19": SHARE}})
    assert found["covid_19"].n == 467
    assert strongest_outside_lungs({}) == {}
    with pytest.raises(ValueError, match="saliency"):
        strongest_outside_lungs({OUTSIDE_LUNGS: {"covid_19": 0.4}})


@pytest.mark.parametrize("name", ["seed-cnn", "four-class"])
def test_stored_evidence_is_read(name: str) -> None:
    stored = ModelStore(Settings().model_store).get(name)
    assert set(stored.elsewhere) == set(stored.manifest.operating_points)
    assert stored.manifest.not_for_patients
    for found in stored.elsewhere.values():
        assert found.worst
        assert found.worst.value >= found.value
