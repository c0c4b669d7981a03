"""Films come in, and each goes its way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Transfer, Visit

LABELS = {"normal": "Normal", "covid_19": "COVID-19", "viral_pneumonia": "Viral pneumonia"}


def chosen(page: Page, *films: Path) -> None:
    page.set_input_files("#choose", films)


def test_several_films_are_chosen_and_answered_in_their_order(visit: Visit, examples: Path) -> None:
    page = visit()
    chosen(page, *(examples / f"{name}.png" for name in LABELS))

    expect(page.locator(".verdict")).to_have_text(list(LABELS.values()))
    expect(page.locator(".card h3")).to_have_text(
        [f"{place} · {name}.png" for place, name in enumerate(LABELS, 1)]
    )
    expect(page.locator(".plate img:visible")).to_have_count(3)
    expect(page.locator("#announcer")).to_contain_text("%")


def test_each_step_of_a_film_is_shown(visit: Visit, examples: Path) -> None:
    page = visit()
    page.evaluate(
        """() => {
            window.states = [];
            const note = () => {
                const { state } = document.querySelector(".card").dataset;
                if (window.states.at(-1) !== state) window.states.push(state);
            };
            new MutationObserver(note).observe(document.querySelector("#list"), {
                subtree: true, childList: true, attributeFilter: ["data-state"],
            });
        }"""
    )
    chosen(page, examples / "normal.png")
    expect(page.locator(".verdict")).to_be_visible()

    assert page.evaluate("window.states") == ["waiting", "sending", "reading", "answered"]


def test_a_film_is_dropped_anywhere(visit: Visit, transfer: Transfer, film: bytes) -> None:
    page = visit()
    files = transfer(page, {"dropped.png": film})
    page.dispatch_event("footer", "dragover", {"dataTransfer": files})
    expect(page.locator("#intake")).to_have_class("panel over")
    page.dispatch_event("footer", "drop", {"dataTransfer": files})

    expect(page.locator(".verdict")).to_have_text("Normal")
    expect(page.locator("#intake")).to_have_class("panel")


def test_a_film_is_pasted(visit: Visit, transfer: Transfer, film: bytes) -> None:
    page = visit()
    page.evaluate(
        """clipboardData => document.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true }))""",
        transfer(page, {"pasted.png": film}),
    )

    expect(page.locator(".verdict")).to_have_text("Normal")


def test_a_film_is_photographed_where_there_is_touch(visit: Visit, examples: Path) -> None:
    assert not visit().get_by_label("Photograph a film").is_visible()
    phone = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    camera = phone.get_by_label("Photograph a film")

    expect(camera).to_have_attribute("capture", "environment")
    expect(phone.locator(".touch")).to_be_visible()
    camera.set_input_files(examples / "normal.png")
    expect(phone.locator(".verdict")).to_have_text("Normal")


def test_what_is_no_chest_radiograph_is_refused_with_the_reason(
    visit: Visit, examples: Path
) -> None:
    page = visit(locale="es-ES")
    chosen(page, examples / "not_a_radiograph.png")

    refusal = page.get_by_role("alert")
    expect(refusal.get_by_role("heading")).to_have_text("La imagen no es una radiografía de Tórax")
    expect(refusal).to_contain_text("Parecido con una radiografía de tórax")
    expect(page.locator(".notes")).to_contain_text("La imagen está en color")
    expect(page.locator(".bars")).to_have_count(0)
    expect(page.get_by_role("button", name="¿Por qué?")).to_have_count(0)


def test_what_was_corrected_is_said(visit: Visit, drop: Drop, upside_down: bytes) -> None:
    page = visit()
    drop(page, {"turned.png": upside_down})

    expect(page.locator(".notes")).to_contain_text("Corrected: The radiograph is upside down.")


def test_the_service_draws_what_the_browser_cannot(
    visit: Visit, drop: Drop, dicom: bytes, tiff: bytes
) -> None:
    page = visit()
    drop(page, {"film.dcm": dicom, "film.tif": tiff})

    expect(page.locator(".verdict")).to_have_text(["Normal", "Normal"])
    pictures = page.locator(".plate img:visible")
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all("images => images.map((image) => image.naturalWidth)") == [512] * 2


def test_at_most_two_films_are_sent_at_once_and_one_can_be_cancelled(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    held: list[Route] = []
    page.route(re.compile("/predict"), lambda route: held.append(route))
    with page.expect_request(re.compile("/predict")):
        chosen(page, *[examples / "normal.png"] * 4)
    cards = page.locator(".card")

    expect(cards.locator(".chip")).to_have_text(["Sending …", "Sending …", "Waiting", "Waiting"])
    assert len(held) == 2
    cards.nth(2).get_by_role("button", name="Cancel").click()
    expect(cards.nth(2)).to_have_attribute("data-state", "cancelled")
    with page.expect_request(re.compile("/predict")):
        held[0].continue_()
    expect(cards.nth(3)).to_have_attribute("data-state", "sending")
    assert len(held) == 3
    for route in held[1:]:
        route.continue_()
    expect(cards.nth(3)).to_have_attribute("data-state", "answered")

    with page.expect_request(re.compile("/predict")):
        cards.nth(2).get_by_role("button", name="Ask again").click()
    held[-1].continue_()
    expect(cards.nth(2)).to_have_attribute("data-state", "answered")


def test_the_name_of_a_file_does_not_leave_the_computer(visit: Visit, examples: Path) -> None:
    page = visit()
    with page.expect_request(re.compile("/predict")) as sent:
        chosen(page, examples / "normal.png")
    expect(page.locator(".verdict")).to_be_visible()

    request = sent.value
    assert "normal.png" not in request.url + str(request.all_headers())
    # Not as a form, which would carry it.
    assert request.header_value("content-type") == "application/octet-stream"


def test_a_film_that_is_removed_leaves_nothing(visit: Visit, examples: Path) -> None:
    page = visit()
    chosen(page, examples / "normal.png", examples / "covid_19.png")
    expect(page.locator(".verdict")).to_have_count(2)
    picture = page.locator(".plate img").first
    url = picture.get_attribute("src")

    page.get_by_role("button", name="Remove: 1 · normal.png").click()
    expect(page.locator(".card h3")).to_have_text(["2 · covid_19.png"])
    expect(page.get_by_role("button", name="Enlarge 2 · covid_19.png")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("1 · normal.png removed.")
    drawn = """url => new Promise((resolve) => {
        const image = Object.assign(new Image(), { src: url });
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
    })"""
    assert page.evaluate(drawn, url) is False
    assert page.evaluate("Object.keys(localStorage)") == []

    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("No film yet")).to_be_visible()
