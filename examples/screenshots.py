"""Draw the page's screenshots: `python -m examples.screenshots` writes docs/screenshots/.

It shows nothing but the composites of this folder.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.browser import chromium
from benchmarks.run import ours
from PIL import Image
from playwright.sync_api import Browser, Page, expect

HERE = Path(__file__).parent
FOLDER = HERE.parent / "docs" / "screenshots"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STILL = {"reduced_motion": "reduce"}
COLOURS = 256
"""Of each picture: enough for the page, and a third of the bytes."""


def choose(page: Page, *names: str) -> None:
    """Add composites, and wait until each is drawn and answered."""
    page.set_input_files("#choose", [HERE / f"{name}.png" for name in names])
    expect(page.locator(".answer")).to_have_count(len(names))
    expect(page.locator(".plate img:visible")).to_have_count(len(names))
    page.locator("h1").hover()


def answer(page: Page) -> None:
    """Show an answer."""
    choose(page, "covid_19")


def refused(page: Page) -> None:
    """Show a refusal."""
    choose(page, "not_a_radiograph")


def why(page: Page) -> None:
    """Show a map in large."""
    choose(page, "viral_pneumonia")
    page.get_by_role("button", name="Why?").click()
    page.locator(".plate-button .contours").wait_for()
    page.locator(".plate-button").click()


def table(page: Page) -> None:
    """Show the table, and the card of one line."""
    names = ("normal", "covid_19", "viral_pneumonia", "not_a_radiograph")
    page.set_input_files("#choose", [HERE / f"{name}.png" for name in names])
    expect(page.locator("#announcer")).to_contain_text("4")
    page.locator("#worklist .opener", has_text="viral_pneumonia").click()
    expect(page.locator(".plate img:visible")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")
    page.locator("h1").hover()


def compare(page: Page) -> None:
    """Show two radiographs beside each other."""
    choose(page, "normal", "viral_pneumonia")
    page.locator("#compare button").click()


def phone(page: Page) -> None:
    """Show an answer where there is little room."""
    choose(page, "viral_pneumonia")
    page.locator(".card").scroll_into_view_if_needed()
    page.locator(".card").evaluate("card => card.scrollIntoView()")


SHOTS: dict[str, tuple[Callable[[Page], None], dict[str, Any]]] = {
    "answer": (answer, {}),
    "table": (table, {"viewport": {"width": 1280, "height": 1000}}),
    "refused": (refused, {"locale": "es-ES"}),
    "why": (why, {"color_scheme": "dark", "viewport": {"width": 1080, "height": 720}}),
    "compare": (compare, {"viewport": {"width": 1080, "height": 860}}),
    "phone-dark": (phone, {"color_scheme": "dark", "locale": "es-ES", **PHONE}),
}


def shoot(browser: Browser, address: str, name: str) -> None:
    """Draw one screenshot."""
    act, options = SHOTS[name]
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **STILL, **options}
    )
    page = context.new_page()
    page.goto(address)
    page.locator("#options").wait_for()
    act(page)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        colour = picture.convert("RGB")
        palette = colour.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3)
        fewer = colour.quantize(palette=palette)  # dithered, so that no steps are seen
        fewer.save(FOLDER / f"{name}.png", optimize=True)
    context.close()


def main() -> None:
    """Draw all of them from a service of this checkout."""
    FOLDER.mkdir(exist_ok=True)
    with ours() as service, chromium() as browser:
        for name in SHOTS:
            shoot(browser, f"http://127.0.0.1:{service.port}/", name)


if __name__ == "__main__":
    main()
