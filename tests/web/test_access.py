"""Everyone can use it: by keyboard, with a screen reader, on a phone, in the dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from tests.web.conftest import Visit

WEIGHT = 200_000
"""Most bytes of all that the page loads at first, uncompressed."""

State = Callable[[Page, Path], None]


def empty(page: Page, examples: Path) -> None:
    expect(
        page.get_by_text(re.compile("No radiograph yet|Aún no hay radiografías"))
    ).to_be_visible()


def answered(page: Page, examples: Path) -> None:
    page.set_input_files("#choose", [examples / "covid_19.png", examples / "normal.png"])
    expect(page.locator(".verdict")).to_have_count(2)
    page.locator("summary").first.click()


def listed(page: Page, examples: Path) -> None:
    names = ("covid_19", "normal", "viral_pneumonia", "not_a_radiograph")
    page.set_input_files("#choose", [examples / f"{name}.png" for name in names])
    expect(page.locator("#announcer")).to_contain_text("4")
    page.locator("#worklist .opener").first.click()
    page.locator("#prevalence").fill("5")
    page.locator("#prevalence").press("Enter")
    expect(page.locator(".predictive")).to_be_visible()


def removed(page: Page, examples: Path) -> None:
    answered(page, examples)
    page.locator("#clear").click()
    expect(page.locator("#undo button")).to_be_visible()


def refused(page: Page, examples: Path) -> None:
    page.set_input_files("#choose", examples / "not_a_radiograph.png")
    expect(page.locator(".refusal")).to_be_visible()


def explained(page: Page, examples: Path) -> None:
    page.set_input_files("#choose", examples / "viral_pneumonia.png")
    page.get_by_role("button", name=re.compile("^(Why|¿Por qué)")).click()
    expect(page.locator(".why")).to_be_visible()


def in_large(page: Page, examples: Path) -> None:
    explained(page, examples)
    page.locator(".plate-button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.press("d")


def compared(page: Page, examples: Path) -> None:
    answered(page, examples)
    page.locator("#compare button").click()
    expect(page.locator(".pane")).to_have_count(2)


def busy(page: Page, examples: Path) -> None:
    problem = {"type": "/problems/overloaded", "title": "Overloaded", "status": 503}
    page.route(
        re.compile("/predict"),
        lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}, json=problem),
    )
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.locator(".seconds")).to_be_visible()


def lost(page: Page, examples: Path) -> None:
    page.route(re.compile("/predict|/health/ready"), lambda route: route.abort())
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.locator(".refusal")).to_be_visible()


def failed(page: Page, examples: Path) -> None:
    page.set_input_files("#choose", Path(__file__))
    expect(page.locator(".refusal")).to_be_visible()


def opinion(page: Page, examples: Path) -> None:
    page.set_input_files("#choose", examples / "normal.png")
    page.locator(".feedback summary").click()
    page.locator(".choice").nth(1).click()
    expect(page.locator(".feedback-form select")).to_be_visible()


STATES = [
    empty, answered, listed, removed, refused, explained, in_large, compared, busy, lost, failed,
    opinion,
]  # fmt: skip


def name_of(state: State) -> str:
    return state.__name__


DRAWN = """() => new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(resolve)))"""
"""Resolves once the page is drawn as it is now."""

SCHEMES: list[dict[str, Any]] = [
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
]


@pytest.mark.parametrize("locale", ["en-GB", "es-ES"])
@pytest.mark.parametrize("state", STATES, ids=name_of)
def test_axe_finds_nothing(visit: Visit, examples: Path, state: State, locale: str) -> None:
    page = visit(locale=locale)
    state(page, examples)

    for scheme in SCHEMES:
        page.emulate_media(**scheme)
        page.evaluate(DRAWN)
        # Where colours are forced, the reader's system answers for their contrast.
        forced = scheme["forced_colors"] == "active"
        rules = {"color-contrast": {"enabled": not forced}}
        found = Axe().run(page, options={"rules": rules})
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("state", STATES, ids=name_of)
def test_a_narrow_phone_shows_all_of_it(visit: Visit, examples: Path, state: State) -> None:
    phone = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
    page = visit(locale="es-ES", **phone)
    state(page, examples)

    wide = """() => [...document.querySelectorAll("body, dialog, dialog *, main *")]
        .filter((element) => element.getBoundingClientRect().right > 320.5
            && !element.closest(".unseen, .sheet, [hidden]"))
        .map((element) => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(wide) == []
    assert page.evaluate("document.scrollingElement.scrollWidth") == 320
    assert too_small(page) == []


@pytest.mark.parametrize(
    "size", [(390, 844), (360, 640)], ids=lambda size: f"{size[0]} by {size[1]}"
)
def test_on_a_phone_the_verdict_is_in_the_first_screen(
    visit: Visit, examples: Path, size: tuple[int, int]
) -> None:
    width, height = size
    viewport = {"width": width, "height": height}
    page = visit(viewport=viewport, has_touch=True, is_mobile=True, locale="es-ES")
    page.set_input_files("#choose", examples / "viral_pneumonia.png")
    expect(page.locator(".verdict")).to_be_in_viewport(ratio=1)
    expect(page.locator(".plate-button img")).to_be_in_viewport(ratio=0.9)

    page.get_by_role("button", name="¿Por qué?").click()
    expect(page.locator(".why .contours:not(.sample)")).to_be_visible()


def test_forced_colours_still_tell_bars_and_what_is_pressed(visit: Visit, examples: Path) -> None:
    page = visit(forced_colors="active")
    listed(page, examples)
    colour = "element => getComputedStyle(element).backgroundColor"
    seen = {
        part: page.locator(part).first.evaluate(colour)
        for part in (".fill", ".track", ".tick", "[aria-pressed=true]", "[aria-pressed=false]")
    }

    assert seen[".fill"] != seen[".track"] != seen[".tick"]
    assert seen["[aria-pressed=true]"] != seen["[aria-pressed=false]"]


def too_small(page: Page) -> list[str]:
    """Return what is too small to be hit by a finger (24 px) or to be read (12 px)."""
    found: list[str] = page.evaluate(
        """() => {
            const seen = (element) => element.checkVisibility() && !element.closest(".unseen");
            const target = (element) => element.closest("label") ?? element;
            const kinds = "a, button, input, select, textarea, summary";
            const controls = [...document.querySelectorAll(kinds)]
                .filter((element) => seen(element) && !element.matches(".skip"))
                .filter((element) => {
                    const { width, height } = target(element).getBoundingClientRect();
                    return Math.min(width, height) < 24;
                });
            const words = [...document.querySelectorAll("body *")]
                .filter((element) => seen(element) && element.textContent.trim())
                .filter((element) => parseFloat(getComputedStyle(element).fontSize) < 12);
            return [...controls, ...words].map((element) => element.outerHTML.slice(0, 80));
        }"""
    )
    return found


def focused(page: Page) -> str:
    """Return what has the focus: its name, or its text."""
    said: str = page.evaluate(
        """() => {
            const { activeElement: at } = document;
            const label = at.labels?.[0]?.textContent;
            return (at.ariaLabel ?? label ?? at.textContent).trim().replace(/\\s+/g, " ");
        }"""
    )
    return said


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something has the focus, which must show that it has."""
    for _ in range(60):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
                const at = document.activeElement;
                const place = at.matches(".unseen") ? at.closest(".button") : at;
                return at === document.body || getComputedStyle(place).outlineStyle !== "none";
            }"""
        )
        assert shown, f"“{focused(page)}” does not show that it has the focus."
        if focused(page).startswith(name):
            return
    pytest.fail(f"Tab does not lead to “{name}”.")


def test_everything_is_done_by_keyboard(visit: Visit, examples: Path) -> None:
    page = visit()
    tab_to(page, "Go to the radiographs")
    tab_to(page, "Choose radiographs")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files([examples / "viral_pneumonia.png", examples / "normal.png"])
    expect(page.locator(".verdict")).to_have_count(2)

    tab_to(page, "1 · viral_pneumonia.png")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 · viral_pneumonia.png")).to_be_focused()
    tab_to(page, "Enlarge 1")
    page.keyboard.press("Enter")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Enlarge 1")).to_be_focused()
    tab_to(page, "Copy the text")
    tab_to(page, "Reference")
    page.keyboard.type("A-17")
    tab_to(page, "Why?")
    page.keyboard.press("Space")
    expect(page.locator(".why")).to_be_visible()
    tab_to(page, "Show the map")
    page.keyboard.press("Space")
    expect(page.locator(".plate-button .contours")).to_have_count(0)
    tab_to(page, "What do you think")
    page.keyboard.press("Enter")
    tab_to(page, "I agree")
    page.keyboard.press("Space")
    tab_to(page, "Send")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Thank you.")).to_be_focused()
    tab_to(page, "Of 100 patients")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.locator(".predictive").first).to_be_visible()
    tab_to(page, "Balanced")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".answer .hint").first).to_contain_text("“Specific”")
    tab_to(page, "Compare")
    page.keyboard.press("Enter")
    expect(page.locator(".pane")).to_have_count(2)
    tab_to(page, "Close")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    tab_to(page, "Remove all")
    page.keyboard.press("Enter")
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    names = ["1 · A-17 · viral_pneumonia.png", "2 · normal.png"]
    expect(page.locator("#worklist .opener")).to_have_text(names)


def test_who_wants_no_motion_gets_none(visit: Visit, examples: Path) -> None:
    page = visit(reduced_motion="reduce")
    answered(page, examples)

    moving = """() => [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.animationName !== "none" || style.scrollBehavior === "smooth"
            || parseFloat(style.transitionDuration) > 0;
    }).length"""
    assert page.evaluate(moving) == 0


def test_the_page_weighs_little(visit: Visit) -> None:
    page = visit()
    loaded = """() => performance.getEntriesByType("resource")
        .concat(performance.getEntriesByType("navigation"))
        .map(({ name, decodedBodySize }) => [name, decodedBodySize])"""
    sizes = dict(page.evaluate(loaded))

    assert any(name.endswith("app.js") for name in sizes)
    assert any(name.endswith("models?evidence=false") for name in sizes)
    assert sum(sizes.values()) <= WEIGHT


def test_the_page_is_made_as_pages_are(visit: Visit, address: str) -> None:
    page = visit()

    assert page.evaluate("document.compatMode") == "CSS1Compat"
    assert page.evaluate("document.characterSet") == "UTF-8"
    assert page.locator("html[lang]").count() == 1
    assert page.title()
    for name in ("viewport", "description", "color-scheme"):
        assert page.locator(f"meta[name={name}]").get_attribute("content")
    assert "user-scalable" not in str(page.locator("meta[name=viewport]").get_attribute("content"))
    assert page.locator("img:not([alt])").count() == 0
    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert page.request.get(f"{address}{icon}").ok
    assert page.locator("[style], [onclick], script:not([src])").count() == 0
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(({ tagName }) => tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
    # In a tab of its own: the films of this one would be gone.
    with page.expect_popup() as opened:
        page.get_by_role("link", name="API description").click()
    expect(opened.value).to_have_title(re.compile("covidxray-api"))


def test_without_a_script_the_page_says_so(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    expect(page.locator("noscript p")).to_contain_text("This page needs JavaScript")
    expect(page.locator("noscript p")).to_be_visible()
    context.close()
