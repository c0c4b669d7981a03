"""The map over a film, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.web.conftest import Visit


def asked_why(page: Page, film: Path) -> None:
    page.set_input_files("#choose", film)
    page.get_by_role("button", name="Why?").click()


def test_the_map_is_drawn_where_the_service_has_it(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    film = examples / "covid_19.png"
    explanation = service.post("/explain", content=film.read_bytes()).json()["explanation"]
    values = np.array(explanation["map"]["values"])
    page = visit()
    asked_why(page, film)
    page.locator(".heatmap").wait_for()

    strength = page.locator(".heatmap").evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return [width, ...data.filter((_, at) => at % 4 === 3)];
        }"""
    )
    side, alpha = strength[0], np.array(strength[1:])
    drawn = alpha.reshape(side, side) / 255
    rows, columns = values.shape
    middles = [((np.arange(cells) + 0.5) * side / cells).astype(int) for cells in (rows, columns)]
    assert np.abs(drawn[np.ix_(*middles)] - values).max() < 0.05
    picture, heatmap = (page.locator(part).bounding_box() for part in (".plate img", ".heatmap"))
    assert picture == heatmap


def test_the_map_is_explained_tested_and_faded(
    visit: Visit, service: httpx.Client, examples: Path
) -> None:
    film = examples / "covid_19.png"
    found = service.post("/explain", content=film.read_bytes()).json()["explanation"]
    page = visit()
    asked_why(page, film)
    why = page.locator(".why")

    expect(why.get_by_role("heading")).to_have_text("Why “COVID-19”?")
    expect(why).to_contain_text("The map is strongest in the upper left of the picture.")
    expect(why).to_contain_text(f"by −{found['drop'] * 100:.1f} percentage points")
    expect(why).to_contain_text(f"by +{-found['random_drop'] * 100:.1f}.")
    expect(why).to_contain_text("not where disease is")
    why.get_by_label("Strength of the map").fill("20")
    expect(page.locator(".heatmap")).to_have_css("opacity", "0.2")


def test_a_map_that_is_not_faithful_is_withheld(visit: Visit, examples: Path) -> None:
    page = visit(locale="es-ES")
    page.set_input_files("#choose", examples / "viral_pneumonia.png")
    page.get_by_role("button", name="¿Por qué?").click()

    expect(page.locator(".why")).to_contain_text("No se muestra el mapa")
    expect(page.locator(".why")).to_contain_text("puntos porcentuales")
    expect(page.locator(".heatmap")).to_have_count(0)


def test_a_model_without_maps_says_so(visit: Visit, examples: Path) -> None:
    page = visit()
    page.get_by_text("Model", exact=True).click()
    page.get_by_label("Model").select_option("seed-cnn")
    asked_why(page, examples / "normal.png")

    expect(page.locator(".why")).to_contain_text("This network, as it is served, has no map.")
    expect(page.locator(".heatmap")).to_have_count(0)


def test_another_answer_takes_the_map_away(visit: Visit, examples: Path) -> None:
    page = visit()
    asked_why(page, examples / "covid_19.png")
    page.locator(".heatmap").wait_for()
    page.locator(".point").filter(has_text="Specific").click()

    expect(page.locator(".said .hint").first).to_contain_text("“Specific”")
    expect(page.locator(".heatmap")).to_have_count(0)
    expect(page.locator(".why")).to_have_count(0)
