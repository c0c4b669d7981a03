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

from covidxray_api.settings import Settings
from covidxray_api.texts.language import Language

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit


LANGUAGES = {"en-GB": "en", "es-ES": "es"}


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def models_of(service: httpx.Client) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = service.get("/models").json()["models"]
    return models


def model_of(service: httpx.Client, name: str = Settings().default_model) -> dict[str, Any]:
    return next(model for model in models_of(service) if model["name"] == name)


def offered(service: httpx.Client) -> list[str]:
    return [model["name"] for model in models_of(service) if not model["not_for_patients"]]


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_figures_are_those_of_the_answer_at_every_operating_point(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes, locale: str
) -> None:
    language: Language = "es" if LANGUAGES[locale] == "es" else "en"
    cut_off = {"en": "cut-off", "es": "punto de corte"}[language]
    page = visit(locale=locale)
    drop(page, {"doubtful.png": doubtful})
    expect(page.locator(".verdict")).to_be_visible()
    page.locator("#options summary").click()

    for model in offered(service):
        page.locator("#model").select_option(model)
        headers = {"Accept-Language": language}
        answer = service.post(f"/predict?model={model}", content=doubtful, headers=headers).json()
        expect(page.locator(".facts")).to_contain_text(answer["model"]["sha256"])
        assert answer["decisions"].keys() == model_of(service, model)["operating_points"].keys()
        for point, decision in answer["decisions"].items():
            page.locator(f"input[name=point][value={point}]").check()
            expect(page.locator(".verdict")).to_have_text(decision["headline"])
            expect(page.locator(".limit")).to_have_text(
                [limit["message"] for limit in decision["limits"]]
            )
            expect(page.locator(".statement")).to_have_text(decision["statement"])
            said = [figure["message"] for figure in decision["figures"]]
            expect(page.locator(".expected")).to_have_text(said)
            shown = figures(decision, answer["probabilities"], language)
            expect(page.locator(".bar-share")).to_have_text([share for share, _ in shown])
            expect(page.locator(".bar-mark")).to_have_text(
                [f"{cut_off} {mark}" for _, mark in shown]
            )
            expect(page.locator(".headline.doubt")).to_have_count(int(not decision["conclusive"]))


def test_models_that_are_not_for_patients_are_not_offered(
    visit: Visit, service: httpx.Client
) -> None:
    names = offered(service)
    assert len(names) < len(models_of(service))

    assert texts(visit(), "#model option") == names


@pytest.mark.parametrize("locale", LANGUAGES)
def test_figures_of_hospitals_not_seen_stand_first(
    visit: Visit, service: httpx.Client, locale: str
) -> None:
    points = model_of(service)["operating_points"]
    page = visit(locale=locale)

    for place, point in enumerate(points.values()):
        said = [figure["message"] for figure in point["figures"][LANGUAGES[locale]]]
        assert len(said) > 1
        expect(page.locator(".point").nth(place).locator(".figures")).to_have_text(said)


def test_another_operating_point_needs_no_other_upload(visit: Visit, examples: Path) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    expect(page.get_by_role("radio", name="Balanced")).to_be_checked()

    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    before = texts(page, ".bar-mark")
    asked.clear()
    page.locator(".point").filter(has_text="Specific").click()

    expect(page.locator(".answer .hint").first).to_contain_text("“Specific”")
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


@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_answer_that_is_not_conclusive_names_what_it_may_be(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes, locale: str
) -> None:
    headers = {"Accept-Language": LANGUAGES[locale]}
    answer = service.post("/predict", content=doubtful, headers=headers).json()
    assert not answer["conclusive"]
    named = [candidate["display"] for candidate in answer["candidates"]]
    assert len(named) > 1
    page = visit(locale=locale)
    drop(page, {"doubtful.png": doubtful})

    headline = {"en": "Not conclusive", "es": "No concluyente"}[LANGUAGES[locale]]
    expect(page.locator(".verdict")).to_have_text(headline)
    expect(page.locator(".candidates li")).to_have_text([re.compile(f"^{n} \\(") for n in named])
    expect(page.locator(".bar.predicted")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "headline", "bar"),
    [
        ("en-GB", "No sign of COVID-19 or viral pneumonia", "Neither"),
        ("es-ES", "Sin signos de COVID-19 ni de neumonía viral", "Ninguna de las dos"),
    ],
)
def test_normal_means_neither_of_two_diseases(
    visit: Visit,
    service: httpx.Client,
    drop: Drop,
    film: bytes,
    locale: str,
    headline: str,
    bar: str,
) -> None:
    headers = {"Accept-Language": LANGUAGES[locale]}
    answer = service.post("/predict", content=film, headers=headers).json()
    assert answer["conclusive"]
    page = visit(locale=locale)
    drop(page, {"film.png": film})

    expect(page.locator(".verdict")).to_have_text(headline)
    expect(page.locator(".headline .limit")).to_have_text(
        [limit["message"] for limit in answer["limits"]]
    )
    expect(page.locator(".bar.predicted .bar-name")).to_have_text(bar)
    assert "Normal" not in page.locator(".card").inner_text()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_text_for_the_report_is_copied(
    visit: Visit, service: httpx.Client, drop: Drop, film: bytes, locale: str
) -> None:
    page = visit(locale=locale, permissions=["clipboard-read", "clipboard-write"])
    drop(page, {"film.png": film})
    page.get_by_role("button", name=re.compile("^(Copy the text|Copiar el texto)")).click()

    expect(page.locator("#announcer")).to_have_text(re.compile("^(Copied|Copiado)"))
    headers = {"Accept-Language": LANGUAGES[locale]}
    answer = service.post("/predict", content=film, headers=headers).json()
    assert page.evaluate("navigator.clipboard.readText()") == answer["statement"]


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("en-GB", "Of 100 patients that you X-ray for this question, how many have COVID-19?"),
        (
            "es-ES",
            "De cada 100 pacientes que usted radiografía por esta pregunta,"
            " ¿cuántos tienen COVID-19?",
        ),
    ],
)
def test_the_answer_says_what_it_is_worth_where_the_disease_is_as_frequent(
    visit: Visit, service: httpx.Client, drop: Drop, film: bytes, locale: str, question: str
) -> None:
    page = visit(locale=locale)
    drop(page, {"film.png": film})
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".predictive")).to_have_count(0)
    page.get_by_label(question).fill("5")
    page.get_by_label(question).press("Enter")

    headers = {"Accept-Language": LANGUAGES[locale]}
    answer = service.post("/predict?prevalence=0.05", content=film, headers=headers).json()
    expect(page.locator(".predictive")).to_have_text(answer["predictive_values"]["message"])
    specific = answer["decisions"]["specific"]["predictive_values"]
    page.locator("input[name=point][value=specific]").check()
    expect(page.locator(".predictive")).to_have_text(specific["message"])
    page.get_by_label(question).fill("200")
    page.get_by_label(question).press("Enter")
    expect(page.locator("#prevalence-fault")).to_contain_text("99")
    page.reload()
    expect(page.get_by_label(question)).to_have_value("5")


def test_the_answer_names_what_it_rests_on(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_response(re.compile("/predict")) as responded:
        page.set_input_files("#choose", examples / "covid_19.png")
    said = responded.value.json()

    expect(page.locator(".notice")).to_have_text(said["notice"])
    model, gate = said["model"], said["consistency"]["gate"]
    named = f"{model['name']} {model['version']} · engine {model['engine']} · gate {gate}"
    for fact in (named, model["sha256"], said["request_id"]):
        expect(page.locator(".facts")).to_contain_text(fact)


def test_another_model_asks_again(visit: Visit, service: httpx.Client, examples: Path) -> None:
    other = next(name for name in offered(service) if name != Settings().default_model)
    page = visit()
    page.set_input_files("#choose", examples / "normal.png")
    page.locator("summary", has_text="Model").click()
    page.get_by_label("Model").select_option(other)

    described = model_of(service, other)
    expect(page.locator("#model-description")).to_have_text(described["description"])
    expect(page.locator(".bar-name")).to_have_text(
        [label["short"]["en"] for label in described["labels"]]
    )
    expect(page.locator(".facts")).to_contain_text(described["sha256"])


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


def test_the_language_is_switched_and_remembered(visit: Visit, drop: Drop, film: bytes) -> None:
    page = visit()
    drop(page, {"film.png": film})
    expect(page.locator(".verdict")).to_have_text("No sign of COVID-19 or viral pneumonia")
    page.get_by_role("button", name="Español").click()

    expect(page.locator(".verdict")).to_have_text("Sin signos de COVID-19 ni de neumonía viral")
    expect(page.locator(".notice")).to_contain_text("Apoyo a la decisión")
    expect(page.locator(".bar-share").last).to_contain_text("\N{NO-BREAK SPACE}%")
    expect(page.get_by_role("button", name="Español")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cribado de radiografías de tórax")
