"""What the page says of an answer is what the service said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.figures import figures

from covidxray_api.models.store import ModelStore
from covidxray_api.settings import Settings
from covidxray_api.texts.language import Language
from covidxray_api.texts.numbers import percent

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit


STORED = ModelStore(Settings().model_store).names()


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def model_of(service: httpx.Client, name: str = "multi-source") -> dict[str, Any]:
    models = service.get("/models").json()["models"]
    return next(model for model in models if model["name"] == name)


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
@pytest.mark.parametrize("model", STORED)
def test_the_figures_are_those_of_the_answer_at_every_operating_point(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes, model: str, locale: str
) -> None:
    language: Language = "es" if locale.startswith("es") else "en"
    page = visit(locale=locale)
    page.locator("#options summary").click()
    page.locator("#model").select_option(model)
    drop(page, {"doubtful.png": doubtful})
    headers = {"Accept-Language": language}
    answer = service.post(f"/predict?model={model}", content=doubtful, headers=headers).json()
    cut_off = {"en": "cut-off", "es": "punto de corte"}[language]

    assert answer["decisions"].keys() == model_of(service, model)["operating_points"].keys()
    for point, decision in answer["decisions"].items():
        page.locator(f"input[name=point][value={point}]").check()
        expect(page.locator(".verdict")).to_have_text(decision["display_label"])
        shown = figures(decision, answer["probabilities"], language)
        expect(page.locator(".bar-share")).to_have_text([share for share, _ in shown])
        expect(page.locator(".bar-mark")).to_have_text([f"{cut_off} {mark}" for _, mark in shown])
        expect(page.locator(".doubt")).to_have_count(int(decision["uncertain"]))
    expect(page.locator(".facts")).to_contain_text(answer["model"]["sha256"])


def test_another_operating_point_needs_no_other_upload(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    points = page.locator(".point")
    offered = model_of(service)["operating_points"]
    assert points.count() == len(offered)
    screening = offered["screening"]
    found = f"Found {percent(screening['sensitivity'], 'en')} of {screening['cases']} films"
    expect(points.filter(has_text="Screening")).to_contain_text(found)
    expect(page.locator("#measured")).to_contain_text("was not trained on")
    expect(page.get_by_role("radio", name="Balanced")).to_be_checked()

    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    before = texts(page, ".bar-mark")
    asked.clear()
    points.filter(has_text="Specific").click()

    expect(page.locator(".said .hint").first).to_contain_text("“Specific”")
    assert texts(page, ".bar-mark") != before
    assert "POST" not in asked


def test_what_is_asked_next_is_asked_at_the_operating_point_that_is_shown(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    page.locator("input[name=point][value=specific]").check()

    with page.expect_request(re.compile(r"/explain\?.*operating_point=specific")):
        page.get_by_role("button", name="Why?").click()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Answer (JSON)").click()
    saved = json.loads(downloaded.value.path().read_text(encoding="utf-8"))
    assert saved["operating_point"] == "specific"
    assert saved["cut_offs"] == saved["decisions"]["specific"]["cut_offs"]


def test_doubt_names_what_remains_possible(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes
) -> None:
    answer = service.post("/predict", content=doubtful).json()
    assert answer["uncertain"]
    names = {code["code"]: code["display"]["en"] for code in model_of(service)["labels"]}
    named = [names[code] for code in answer["prediction_set"]]
    assert len(named) > 1
    page = visit()
    drop(page, {"doubtful.png": doubtful})

    expect(page.locator(".doubt")).to_contain_text("Uncertain")
    for name in named:
        expect(page.locator(".doubt p")).to_contain_text(name)
    expect(page.locator(".doubt")).to_contain_text("A radiologist must decide.")


def test_the_answer_names_what_it_rests_on(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_response(re.compile("/predict")) as responded:
        page.set_input_files("#choose", examples / "covid_19.png")
    said = responded.value.json()

    expect(page.locator(".set")).to_contain_text("The model names this label alone.")
    expect(page.locator(".set")).to_contain_text("the right one for at least 95.0% of each class")
    expect(page.locator(".notice")).to_have_text(said["notice"])
    model, gate = said["model"], said["consistency"]["gate"]
    named = f"{model['name']} {model['version']} · engine {model['engine']} · gate {gate}"
    for fact in (named, model["sha256"], said["request_id"]):
        expect(page.locator(".facts")).to_contain_text(fact)


def test_another_model_asks_again(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "normal.png")
    page.locator("summary", has_text="Model").click()
    page.get_by_label("Model").select_option("four-class")

    expect(page.locator("#model-description")).to_contain_text("bacterial")
    expect(page.locator(".bar-name")).to_have_text(
        ["Normal", "COVID-19", "Viral pneumonia", "Bacterial pneumonia"]
    )
    expect(page.locator(".facts")).to_contain_text("four-class")


@pytest.mark.parametrize(
    ("locale", "spoken", "title"),
    [
        ("es-MX", "es", "Cribado de radiografías de tórax"),
        ("en-US", "en", "Chest radiograph screening"),
        ("de-DE", "en", "Chest radiograph screening"),
    ],
)
def test_the_page_speaks_the_browsers_language(
    visit: Visit, locale: str, spoken: str, title: str
) -> None:
    page = visit(locale=locale)

    expect(page.locator("html")).to_have_attribute("lang", spoken)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page).to_have_title(title)


def test_the_language_is_switched_and_remembered(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "viral_pneumonia.png")
    expect(page.locator(".verdict")).to_have_text("Viral pneumonia")
    page.get_by_role("button", name="Español").click()

    expect(page.locator(".verdict")).to_have_text("Neumonía Viral")
    expect(page.locator(".notice")).to_contain_text("Apoyo a la decisión")
    expect(page.locator(".bar-share").last).to_contain_text("\N{NO-BREAK SPACE}%")
    expect(page.get_by_role("button", name="Español")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cribado de radiografías de tórax")
