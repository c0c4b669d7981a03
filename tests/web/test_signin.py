"""The page asks for a key where the service wants one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from covidxray_api.access.keys import Keys
from covidxray_api.settings import Settings

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def closed(
    serve: Callable[[Settings], AbstractContextManager[httpx.Client]], keys: Keys
) -> Iterator[str]:
    """Where a service is that asks for keys."""
    keys.create("first", ["predict"])
    with serve(Settings(keys=keys._path)) as client:
        yield f"{client.base_url}/"


@pytest.fixture
def opened(browser: Browser, closed: str) -> Iterator[Open]:
    """Open the page of that service, which may not complain."""
    complaints: list[str] = []
    contexts = []

    def page(locale: str = "en-GB") -> Page:
        context = browser.new_context(locale=locale)
        contexts.append(context)
        made = context.new_page()
        made.on("pageerror", lambda error: complaints.append(str(error)))
        made.goto(closed)
        return made

    yield page
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, key: str, locale: str = "en") -> None:
    field, act = {"en": ("API key", "Sign in"), "es": ("Clave de API", "Identificarse")}[locale]
    page.get_by_label(field).fill(key)
    page.get_by_role("button", name=act).click()


def test_with_a_key_everything_goes_on(opened: Open, keys: Keys, examples: Path) -> None:
    page = opened()
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    assert Axe().run(page).violations_count == 0
    sign_in(page, keys.create("on-the-page", ["predict", "feedback"]))
    expect(dialog).to_be_hidden()
    expect(page.locator("#options")).to_be_visible()

    page.set_input_files("#choose", examples / "normal.png")
    expect(page.locator(".verdict")).to_have_text("No sign of COVID-19 or viral pneumonia")
    page.get_by_role("button", name="Why?").click()
    expect(page.locator(".why")).to_be_visible()


def test_a_key_stays_in_the_tab(opened: Open, keys: Keys) -> None:
    page = opened()
    key = keys.create("in-the-tab", ["predict"])
    sign_in(page, key)
    expect(page.locator("#options")).to_be_visible()

    stored = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert key not in stored
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_wrong_key_is_asked_for_again_in_spanish(opened: Open, keys: Keys) -> None:
    page = opened("es-ES")
    sign_in(page, "covidxray_of-another-service", "es")

    expect(page.get_by_role("alert")).to_have_text("El servicio no acepta esta clave.")
    sign_in(page, keys.create("second-try", ["predict"]), "es")
    expect(page.locator("#options")).to_be_visible()


def test_who_gives_no_key_can_do_it_later(opened: Open, keys: Keys, examples: Path) -> None:
    page = opened()
    page.get_by_role("button", name="Cancel").click()
    page.set_input_files("#choose", examples / "normal.png")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".refusal")).to_contain_text("The service wants to know who asks.")
    page.get_by_role("button", name="Try again").click()
    sign_in(page, keys.create("later", ["predict"]))

    expect(page.locator(".verdict")).to_have_text("No sign of COVID-19 or viral pneumonia")


def test_what_a_key_does_not_allow_is_said(opened: Open, keys: Keys, examples: Path) -> None:
    page = opened()
    sign_in(page, keys.create("feedback-alone", ["feedback"]))
    page.set_input_files("#choose", examples / "normal.png")

    expect(page.locator(".refusal")).to_contain_text("Your key does not allow this.")
