"""The page of the studies that are to be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.hospital.conftest import Screened, radiograph, screened, screener  # noqa: F401

from covidxray_api.hospital.results import results
from covidxray_api.hospital.results_store import ResultsStore
from covidxray_api.rendering.renderer import Context
from covidxray_api.settings import Settings
from covidxray_api.texts import message

if TYPE_CHECKING:
    from tests.web.conftest import Visit

Serve = Callable[[Settings], AbstractContextManager[httpx.Client]]

STUDIES = {
    "normal": "1.2.1", "covid_19": "1.2.2", "viral_pneumonia": "1.2.3", "not_a_radiograph": "1.2.4"
}  # fmt: skip


@pytest.fixture(scope="module")
def listing(
    serve: Serve,
    screened: Screened,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Where a service is that keeps the results of four studies."""
    path = tmp_path_factory.mktemp("results") / "results.sqlite"
    store = ResultsStore(path, hours=24)
    now = datetime.now(UTC)
    for number, (name, study) in enumerate(STUDIES.items()):
        film, made = screened(name, StudyInstanceUID=study), now - timedelta(minutes=number)
        store.add([film], results([film], Context("en", name, made)), made, f"r-{name}")
    with serve(Settings(results=path)) as client:
        yield f"{client.base_url}/studies"


@pytest.fixture(autouse=True)
def all_unread(listing: str) -> None:
    for study in STUDIES.values():
        httpx.delete(listing.replace("studies", f"worklist/{study}/read"))


@pytest.fixture
def address(listing: str) -> str:
    """Where `visit` begins, and what it may ask."""
    return f"{listing.removesuffix('studies')}"


def opened(visit: Visit, locale: str = "en-GB", **options: object) -> Page:
    page = visit(locale=locale, **options)
    page.locator("#to-studies a").click()
    expect(page.locator("#studies-table tbody tr")).to_have_count(4)
    return page


def order(page: Page) -> list[str]:
    return page.locator("td.study").all_text_contents()


@pytest.mark.parametrize(
    ("locale", "language", "title", "count"),
    [
        ("en-GB", "en", "Studies to be read", "4 of 4 not read"),
        ("es-ES", "es", "Estudios por leer", "4 de 4 sin leer"),
    ],
)
def test_what_is_urgent_comes_first(
    visit: Visit, locale: str, language: str, title: str, count: str
) -> None:
    page = opened(visit, locale)
    expect(page).to_have_title(title)
    expect(page.locator("#studies-count")).to_have_text(count)

    outcomes = page.locator(".outcome").all_text_contents()
    assert outcomes[0] == message("certain_covid_19", "es" if language == "es" else "en")
    assert order(page)[0] == "1.2.2"
    assert order(page)[-1] == "1.2.1"
    expect(page.locator("#studies-notice")).to_contain_text(
        message("notice", "es" if language == "es" else "en")
    )
    expect(page.locator("body")).not_to_contain_text("Núñez")


def test_a_study_is_opened_read_and_put_back_by_keyboard(visit: Visit) -> None:
    page = opened(visit)
    page.locator(".opener").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".opener").nth(1)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(message("certain_covid_19", "en"))
    expect(dialog.locator("img")).to_have_count(1)
    assert dialog.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    page.keyboard.press("Escape")
    expect(page.locator(".opener").first).to_be_focused()

    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Mark as read").press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#studies-count")).to_have_text("3 of 4 not read")
    assert order(page)[-1] == "1.2.2"
    expect(page.locator(".opener").last).to_be_focused()
    again = page.get_by_role("button", name="Mark as not read: study 1.2.2")
    again.press("Enter")
    expect(page.locator("#studies-count")).to_have_text("4 of 4 not read")
    assert order(page)[0] == "1.2.2"
    expect(page.get_by_role("button", name="Mark as read: study 1.2.2")).to_be_focused()


def test_another_language_is_spoken_at_once(visit: Visit) -> None:
    page = opened(visit)
    page.get_by_role("button", name="Español").click()

    expect(page.locator(".outcome").first).to_have_text(message("certain_covid_19", "es"))
    expect(page).to_have_title("Estudios por leer")


def test_a_service_that_is_away_leaves_the_list_and_says_so(visit: Visit) -> None:
    page = opened(visit)
    page.route(re.compile("/worklist$"), lambda route: route.abort())
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#studies-fault")).to_contain_text("The list may not be current.")
    expect(page.locator("#studies-table tbody tr")).to_have_count(4)
    page.unroute(re.compile("/worklist$"))
    page.get_by_role("button", name="Try again").click()

    expect(page.locator("#studies-fault")).to_be_empty()


def test_a_study_that_has_left_the_list_cannot_be_marked_and_that_is_said(visit: Visit) -> None:
    page = opened(visit)
    gone = {"type": "/problems/unknown-result", "title": "Unknown", "status": 404}
    page.route(re.compile("/read$"), lambda route: route.fulfill(status=404, json=gone))
    page.get_by_role("button", name="Mark as read: study 1.2.2").click()
    expect(page.locator("#studies-fault")).to_contain_text("no longer has this study")
    page.locator("td.study", has_text="1.2.2").click()
    page.get_by_role("dialog").get_by_role("button", name="Mark as read").click()

    expect(page.get_by_role("dialog")).to_contain_text("no longer has this study")


def test_there_is_no_way_to_studies_where_none_are_kept(
    visit: Visit, service: httpx.Client, listing: str
) -> None:
    page = opened(visit)
    off = page.context.new_page()
    off.goto(f"{service.base_url}/")
    off.locator("#options").wait_for()
    expect(off.locator("#to-studies")).to_be_hidden()
    off.goto(f"{service.base_url}/studies")

    expect(off.locator("#studies-fault")).to_contain_text("No studies can be listed.")


@pytest.mark.parametrize("state", ["list", "open"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"color_scheme": "dark"},
        {"forced_colors": "active"},
        {"viewport": {"width": 320, "height": 640}},
    ],
    ids=["light", "dark", "forced", "narrow"],
)
def test_axe_finds_nothing(visit: Visit, state: str, options: dict[str, object]) -> None:
    page = opened(visit, "es-ES", **options)
    if state == "open":
        page.locator(".opener").first.click()
        expect(page.get_by_role("dialog").locator("img")).to_be_visible()
    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
