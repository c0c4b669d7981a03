"""Nothing that was typed or received is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.web.conftest import Visit


def typed(page: Page) -> None:
    page.get_by_text("What do you think of this answer?").click()
    page.locator(".feedback-form").get_by_label("I disagree").check()
    page.locator(".feedback-form select").select_option(index=1)
    page.get_by_label("Comment").fill("Bilateral.")
    page.get_by_label("Reference (optional)").fill("A-17")


def still_typed(page: Page) -> None:
    form = page.locator(".feedback-form")
    expect(form.locator("textarea")).to_have_value("Bilateral.")
    expect(form.locator("input[value=disagree]")).to_be_checked()
    expect(page.locator(".reference input")).to_have_value("A-17")


def test_what_is_typed_stays_whatever_is_chosen(answered: Page) -> None:
    typed(answered)
    answered.locator("input[name=point][value=specific]").check()
    expect(answered.locator(".answer .hint").first).to_contain_text("“Specific”")
    still_typed(answered)

    answered.locator("#options summary").click()
    answered.locator("#model").select_option(index=1)
    chosen = answered.locator("#model").input_value()
    expect(answered.locator(".facts")).to_contain_text(chosen)
    still_typed(answered)

    answered.get_by_role("button", name="Español").click()
    expect(answered.locator(".notice")).to_contain_text("Apoyo a la decisión")
    still_typed(answered)


def test_an_answer_stays_while_another_is_asked_for(answered: Page) -> None:
    said = str(answered.locator(".statement").text_content())
    answered.route(re.compile("/predict"), lambda route: route.abort())
    answered.get_by_role("button", name="Español").click()

    expect(answered.get_by_role("alert")).to_contain_text("El servicio no responde.")
    expect(answered.locator(".statement")).to_have_text(said)


def test_an_answer_that_was_there_is_not_asked_for_again(answered: Page) -> None:
    asked: list[str] = []
    answered.on("request", lambda request: asked.append(request.method))
    answered.get_by_role("button", name="Español").click()
    expect(answered.locator(".notice")).to_contain_text("Apoyo a la decisión")
    assert asked.count("POST") == 1
    answered.get_by_role("button", name="English").click()
    expect(answered.locator(".notice")).to_contain_text("Decision support")

    assert asked.count("POST") == 1


def test_what_is_removed_is_brought_back(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", [examples / f"{name}.png" for name in ("normal", "covid_19")])
    expect(page.locator(".verdict")).to_have_count(2)
    said = page.locator(".statement").all_text_contents()
    page.get_by_label("Reference (optional)").first.fill("A-17")
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("No radiograph yet")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("2 radiographs removed.")
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".card h3")).to_have_text(["1 · A-17 · normal.png", "2 · covid_19.png"])
    expect(page.locator(".statement")).to_have_text(said)
    expect(page.locator(".plate img:visible")).to_have_count(2)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_what_was_waiting_when_it_was_removed_is_asked_when_it_is_back(
    visit: Visit, examples: Path
) -> None:
    page = visit()
    page.route(re.compile("/predict"), lambda route: None)
    page.set_input_files("#choose", examples / "normal.png")
    page.get_by_role("button", name="Remove: 1").click()
    page.unroute(re.compile("/predict"))
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".verdict")).to_be_visible()


def asks_before_closing(page: Page) -> bool:
    """Return whether the page wants the browser to ask before it is left."""
    left: bool = page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    return not left


def test_the_page_asks_before_answers_are_lost(answered: Page) -> None:
    assert asks_before_closing(answered)


@pytest.mark.parametrize("way", ["Answer (JSON)", "Report (PDF)", "Table (CSV)"])
def test_what_is_saved_is_not_lost(answered: Page, way: str) -> None:
    with answered.expect_download():
        answered.get_by_role("button", name=way).click()
    expect(answered.locator(".verdict")).to_be_visible()
    # Saved only once the report has come.
    expect(answered.locator("[aria-disabled=true]")).to_have_count(0)

    assert not asks_before_closing(answered)


def test_an_empty_page_is_closed_unasked(visit: Visit) -> None:
    assert not asks_before_closing(visit())
