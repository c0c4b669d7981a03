"""The map over a radiograph, and what is said where there is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit


def explained(service: httpx.Client, data: bytes, language: str = "en") -> dict[str, Any]:
    """Return the explanation that the page asks for: of the answer, or of what is most probable."""
    headers = {"Accept-Language": language}
    answer = service.post("/predict", content=data, headers=headers).json()
    label = answer["predicted_label"]
    if not answer["conclusive"]:
        label = answer["candidates"][0]["code"]
    said = service.post(f"/explain?label={label}", content=data, headers=headers).json()
    explanation: dict[str, Any] = said["explanation"]
    return explanation


def asked_why(page: Page, image: Path) -> None:
    page.set_input_files("#choose", image)
    page.get_by_role("button", name=re.compile("^(Why|¿Por qué)")).click()
    expect(page.locator(".why")).to_be_visible()


def ninth(values: np.ndarray) -> int:
    rows, columns = values.shape
    row, column = np.unravel_index(values.argmax(), values.shape)
    return int((row + 0.5) / rows * 3) * 3 + int((column + 0.5) / columns * 3)


def test_contours_enclose_what_the_map_marks(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    image = examples / "viral_pneumonia.png"
    values = np.array(explained(service, image.read_bytes())["map"]["values"])
    page = visit()
    asked_why(page, image)
    page.locator(".plate-button .contours").wait_for()

    inside = page.locator(".plate-button .contours").evaluate(
        """(drawing, [rows, columns]) => {
            const path = drawing.querySelector(".level-1").getAttribute("d");
            const { width, height } = drawing.viewBox.baseVal;
            const segments = path.slice(1).split("M").map((segment) =>
                segment.split("L").map((point) => point.split(" ").map(Number)));
            // A point is enclosed if a ray from it crosses the line an odd number of times.
            const enclosed = (x, y) => segments.filter(([[x1, y1], [x2, y2]]) =>
                (y1 > y) !== (y2 > y) && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)).length % 2;
            return Array.from({ length: rows }, (_, row) => Array.from({ length: columns },
                (_, column) => enclosed(((column + 0.5) / columns) * width + 0.003,
                    ((row + 0.5) / rows) * height + 0.003)));
        }""",
        list(values.shape),
    )
    marked = values / values.max()
    clear = np.abs(marked - 0.6) > 0.08  # near the line either is right
    assert (np.array(inside, dtype=bool) == (marked > 0.6))[clear].all()
    picture, drawing = (
        page.locator(f".plate-button {part}").bounding_box() for part in (".plate img", ".contours")
    )
    assert picture == drawing


@pytest.mark.parametrize(
    ("locale", "language", "sides", "share"),
    [
        ("en-GB", "en", ["right, left in the image", "left, right in the image"], "60%"),
        ("es-ES", "es", ["derecho del paciente", "izquierdo del paciente"], "60\u00a0%"),
    ],
)
def test_the_map_is_explained_and_tested(
    visit: Visit,
    service: httpx.Client,
    examples: Path,
    locale: str,
    language: str,
    sides: list[str],
    share: str,
) -> None:
    image = examples / "viral_pneumonia.png"
    found = explained(service, image.read_bytes(), language)
    page = visit(locale=locale)
    asked_why(page, image)
    why = page.locator(".why")

    place = ninth(np.array(found["map"]["values"])) % 3
    if place != 1:
        expect(why).to_contain_text(sides[place // 2])
    expect(why).to_contain_text(found["strongest_spot"]["message"])
    for note in found["notes"]:
        expect(why).to_contain_text(note["message"])
    lungs = {"en": "lungs, as a network finds them", "es": "pulmones, según los detecta una red"}
    named = [re.compile("^\\d+")] * 3 + [re.compile(f"^{lungs[language]}$")]
    expect(why.locator(".legend li")).to_have_text(named)
    expect(why.locator(".legend")).to_contain_text(share)


def test_sides_are_the_patients_only_where_the_image_was_not_turned(
    visit: Visit, drop: Drop, upside_down: bytes
) -> None:
    page = visit()
    drop(page, {"turned.png": upside_down})
    page.get_by_role("button", name="Why?").click()
    why = page.locator(".why")
    expect(why).to_be_visible()

    expect(why).not_to_contain_text("the patient's")


def test_the_map_is_toggled(visit: Visit, examples: Path) -> None:
    page = visit()
    asked_why(page, examples / "viral_pneumonia.png")
    contours = page.locator(".plate-button .contours")
    expect(contours).to_be_visible()
    page.get_by_label("Show the map (M)").uncheck()
    expect(contours).to_have_count(0)
    page.get_by_label("Show the map (M)").check()
    expect(contours).to_be_visible()


def test_a_map_of_no_finding_is_drawn_only_when_asked_for(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    image = examples / "normal.png"
    answer = service.post("/explain", content=image.read_bytes()).json()
    assert answer["conclusive"]
    shown = {**answer, "explanation": {**answer["explanation"], "withheld": None, "map": FLAT}}
    page = visit()
    page.route(re.compile("/explain"), lambda route: route.fulfill(json=shown))
    asked_why(page, image)

    expect(page.locator(".why h4")).to_have_text("Why “No sign of COVID-19 or viral pneumonia”?")
    expect(page.locator(".contours:not(.sample)")).to_have_count(0)
    page.get_by_label("Show the map (M)").check()
    expect(page.locator(".plate-button .contours")).to_be_visible()


FLAT = {"height": 3, "width": 3, "values": [[0, 0, 0], [0, 1, 0], [0, 0, 0]]}


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
def test_a_map_that_is_not_faithful_is_withheld(
    visit: Visit, service: httpx.Client, examples: Path, locale: str
) -> None:
    image = examples / "viral_pneumonia.png"
    answer = service.post("/explain", content=image.read_bytes()).json()
    withheld = {"code": "map_not_faithful", "message": "It would mislead."}
    said = {**answer, "explanation": {**answer["explanation"], "withheld": withheld, "map": None}}
    page = visit(locale=locale)
    page.route(re.compile("/explain"), lambda route: route.fulfill(json=said))
    asked_why(page, image)

    expect(page.locator(".why .doubt")).to_have_text("It would mislead.")
    expect(page.locator(".contours")).to_have_count(0)


def test_another_answer_takes_the_map_away_and_the_first_brings_it_back(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    asked_why(page, examples / "viral_pneumonia.png")
    page.locator("#options summary").click()
    first = page.locator("#model").input_value()
    page.locator("#model").select_option(
        index=1 if page.locator("#model").evaluate("select => select.selectedIndex") == 0 else 0
    )
    expect(page.locator(".facts")).to_contain_text(page.locator("#model").input_value())
    expect(page.locator(".why")).to_have_count(0)

    asked: list[Route] = []
    page.route(re.compile("/(predict|explain)"), lambda route: asked.append(route))
    page.locator("#model").select_option(first)
    expect(page.locator(".why")).to_be_visible()
    assert asked == []


def test_in_another_language_the_explanation_is_asked_for_again(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    asked_why(page, examples / "viral_pneumonia.png")
    page.get_by_role("button", name="Español").click()

    expect(page.locator(".why h4")).to_contain_text("¿Por qué «")
