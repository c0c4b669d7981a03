import json
from pathlib import Path
from typing import Any

import jinja2
import pytest

from covidxray_api.models.manifest import Manifest
from covidxray_api.models.store import ModelStore
from covidxray_api.settings import shipped
from covidxray_api.training.pages.card import model_card
from covidxray_api.training.pages.render import auroc, counted, render, share

DOCS = Path(__file__).parents[3] / "docs" / "evaluation"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / f"{name}.json").read_text())
    return found


@pytest.fixture
def manifest() -> Manifest:
    return ModelStore(shipped("model_store")).get("multi-source").manifest


def explainability(card: str) -> str:
    (line,) = [line for line in card.splitlines() if line.startswith("| Explainability |")]
    return line


def test_a_card_says_what_is_true_of_the_saliency_map(manifest: Manifest) -> None:
    report = read("multi-source")
    maps = read("explanation") | {"version": manifest.version}
    measured = explainability(model_card(manifest, report, explains=True, explanation=maps))
    assert "HiResCAM" in measured
    holds = maps["labels"]["all"]["holds"]
    told = f"{holds['value']:.1%} ({holds['low']:.1%}–{holds['high']:.1%}, n = {holds['n']:,})"
    assert told in measured
    other = explainability(
        model_card(manifest, report, explains=True, explanation=maps | {"version": "0"})
    )
    assert "was not measured for this model" in other
    assert "| None:" in explainability(model_card(manifest, report, explains=False))


def test_a_card_names_what_children_alone_stand_for(manifest: Manifest) -> None:
    card = model_card(manifest, read("multi-source"), explains=False)
    assert "**`viral_pneumonia` means children of one to five years** (`guangzhou`)" in card
    assert "**`normal` means" not in card
    assert "`nih` and `rsna` are one archive" in card


def test_a_template_that_lacks_a_value_is_no_document() -> None:
    with pytest.raises(jinja2.UndefinedError, match="is undefined"):
        render("explanation", blur=8.0)


def test_figures_as_people_read_them() -> None:
    found = {"value": 0.0018, "low": 0.0006, "high": 0.0033, "n": 3402}
    assert share(found) == "0.2% (0.1%–0.3%, n = 3,402)"
    assert auroc(found) == "0.0018 (0.0006–0.0033)"
    assert auroc(0.5) == "0.5000"
    assert counted({"here": 1000, "there": 2}) == "1,002: here 1,000, there 2"
