"""What the page says of an answer is what the service said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit


def percent(share: float) -> str:
    return f"{share:.1%}"


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def model_of(service: httpx.Client, name: str = "multi-source") -> dict[str, Any]:
    models = service.get("/models").json()["models"]
    return next(model for model in models if model["name"] == name)


@pytest.mark.parametrize("point", ["screening", "balanced", "specific"])
def test_exactly_the_label_that_is_the_answer_reaches_its_threshold(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes, point: str
) -> None:
    page = visit()
    page.get_by_role("radio", name=re.compile(point, re.IGNORECASE)).check()
    drop(page, {"doubtful.png": doubtful})
    expect(page.locator(".bar-share")).to_have_count(3)

    answer = service.post(f"/predict?operating_point={point}", content=doubtful).json()
    shares = answer["probabilities"]
    thresholds = model_of(service)["operating_points"][point]["threshold"]
    assert texts(page, ".bar-share") == [percent(share) for share in shares.values()]
    for label, shown in zip(shares, texts(page, ".bar-mark"), strict=True):
        # The other labels' largest multiple of their thresholds, if this label had just `mark`.
        mark = float(shown.removeprefix("threshold ").removesuffix("%")) / 100
        rest = (1 - mark) / (1 - shares[label])
        rival = max(shares[other] * rest / thresholds[other] for other in shares if other != label)
        assert mark == pytest.approx(rival * thresholds[label], abs=0.005)
        assert (shares[label] > mark) is (label == answer["predicted_label"])


def test_doubt_names_what_remains_possible(
    visit: Visit, service: httpx.Client, drop: Drop, doubtful: bytes
) -> None:
    answer = service.post("/predict", content=doubtful).json()
    assert answer["uncertain"]
    assert len(answer["prediction_set"]) == 3
    page = visit()
    drop(page, {"doubtful.png": doubtful})

    expect(page.locator(".doubt")).to_contain_text("Uncertain")
    expect(page.locator(".doubt")).to_contain_text(
        "To the model, still plausible: Normal, COVID-19, or Viral pneumonia."
        " A radiologist must decide."
    )


def test_the_answer_names_what_it_rests_on(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_response(re.compile("/predict")) as responded:
        page.set_input_files("#choose", examples / "covid_19.png")
    said = responded.value.json()

    expect(page.locator(".set")).to_have_text("To the model, no other label is plausible.")
    expect(page.locator(".notice")).to_have_text(said["notice"])
    for fact in ("multi-source 1", said["request_id"]):
        expect(page.locator(".facts")).to_contain_text(fact)


def test_another_operating_point_asks_again(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    page = visit()
    points = page.locator(".point")
    offered = model_of(service)["operating_points"]
    assert points.count() == len(offered)
    screening = offered["screening"]
    figures = f"Found {screening['sensitivity']:.0%} of {screening['films'][0]} films with COVID-19"
    expect(points.filter(has_text="Screening")).to_contain_text(figures)
    expect(page.locator("#measured")).to_contain_text("multi-source 1 was not trained on")
    expect(page.get_by_role("radio", name="Balanced")).to_be_checked()

    page.set_input_files("#choose", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_be_visible()
    before = texts(page, ".bar-mark")
    with page.expect_request(re.compile(r"/predict\?.*operating_point=specific")):
        points.filter(has_text="Specific").click()
    expect(page.locator(".said .hint").first).to_contain_text("“Specific”")
    assert texts(page, ".bar-mark") != before


def test_another_model_asks_again(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "normal.png")
    page.locator("summary", has_text="Model").click()
    page.get_by_label("Model").select_option("four-class")

    expect(page.locator("#model-description")).to_contain_text("bacterial")
    expect(page.locator(".bar-name")).to_have_text(
        ["Normal", "COVID-19", "Viral pneumonia", "Bacterial pneumonia"]
    )
    expect(page.locator(".facts")).to_contain_text("four-class 1")


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
    expect(page.locator(".bar-share").last).to_contain_text(",")
    expect(page.get_by_role("button", name="Español")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cribado de radiografías de tórax")
