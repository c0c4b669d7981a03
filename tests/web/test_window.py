"""The window that a DICOM file states, in the file's own unit, on all of its bits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.dicom_files import dicom, ramp

from covidxray_api.decoding.window import Window

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit

DRAWN = """() => {
    const shown = document.querySelector(".stage canvas");
    const canvas = new OffscreenCanvas(shown.width, 1);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(shown, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, 1);
    return [...data].filter((_, at) => at % 4 === 0);
}"""


def opened(page: Page, drop: Drop, **stated: Any) -> None:
    """Open a ramp of 12 bits in large, once its values are there."""
    drop(page, {"chest.dcm": dicom(ramp(), BitsStored=12, **stated)})
    page.get_by_role("button", name=re.compile("^(Enlarge|Ampliar) 1")).click()
    expect(page.locator(".stage canvas")).to_be_visible()


def assert_shown(page: Page, window: Window, inverted: bool = False) -> None:
    exact = window.apply(ramp()[0].astype(np.float64))
    np.testing.assert_allclose(page.evaluate(DRAWN), 255 - exact if inverted else exact, atol=1)


@pytest.mark.parametrize(
    ("locale", "center", "width", "group"),
    [
        ("en-GB", "Window centre", "Window width", "Window in the unit of the file"),
        (
            "es-ES",
            "Centro de la ventana",
            "Ancho de la ventana",
            "Ventana en la unidad del archivo",
        ),
    ],
)
def test_the_files_windows_are_offered_and_adjusted_in_its_unit(
    visit: Visit, drop: Drop, locale: str, center: str, width: str, group: str
) -> None:
    page = visit(locale=locale)
    opened(page, drop, WindowCenter=[2048, 700], WindowWidth=[4096, 100])
    said = page.locator(".tools output")
    expect(said).to_have_text("WC 2048 / WW 4096")
    assert_shown(page, Window(2048, 4096, "LINEAR"))

    page.get_by_label(width).fill("40")
    page.get_by_label(width).press("Enter")
    expect(said).to_have_text("WC 2048 / WW 40")
    assert_shown(page, Window(2048, 40, "LINEAR"))
    page.get_by_label(center).fill("3000")
    page.get_by_label(center).press("Enter")
    assert_shown(page, Window(3000, 40, "LINEAR"))
    page.get_by_role("group", name=group).get_by_role("button", name="WC 700 / WW 100").click()
    expect(said).to_have_text("WC 700 / WW 100")
    assert_shown(page, Window(700, 100, "LINEAR"))
    page.locator(".stage").press("i")
    assert_shown(page, Window(700, 100, "LINEAR"), inverted=True)


@pytest.mark.parametrize(
    ("stated", "window", "inverted"),
    [
        ({"VOILUTFunction": "SIGMOID", "WindowCenter": 900, "WindowWidth": 800}, (900, 800), False),
        ({"PhotometricInterpretation": "MONOCHROME1"}, (2047.5, 4095), True),
    ],
)
def test_sliders_presets_and_drags_move_the_window(
    visit: Visit,
    drop: Drop,
    stated: dict[str, Any],
    window: tuple[float, float],
    inverted: bool,
) -> None:
    page = visit()
    opened(page, drop, **stated)
    function = stated.get("VOILUTFunction", "LINEAR_EXACT")
    center, width = window
    assert_shown(page, Window(center, width, function), inverted)

    # Lung: low greys, which are high values where low values are white.
    page.locator(".stage").press("2")
    lung = center + (0.15 if inverted else -0.15) * width
    assert_shown(page, Window(lung, width / 2, function), inverted)
    page.get_by_label("Contrast").fill("25")
    assert_shown(page, Window(lung, width * 2, function), inverted)
    page.get_by_role("button", name="Reset").click()
    page.locator(".stage").press("Shift+ArrowUp")
    brighter = center + (0.05 if inverted else -0.05) * width
    assert_shown(page, Window(brighter, width, function), inverted)


@pytest.mark.parametrize("typed", ["", "0", "-3"])
def test_a_width_that_is_none_changes_nothing(visit: Visit, drop: Drop, typed: str) -> None:
    page = visit()
    opened(page, drop, WindowCenter=2048, WindowWidth=4096)
    field = page.get_by_label("Window width")
    field.fill(typed)
    field.press("Enter")

    expect(field).to_have_value("4096")
    assert_shown(page, Window(2048, 4096, "LINEAR"))


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "dark"},
        {"forced_colors": "active", "viewport": {"width": 320, "height": 640}},
    ],
    ids=["dark", "forced and narrow"],
)  # fmt: skip
def test_axe_finds_nothing(visit: Visit, drop: Drop, options: dict[str, Any]) -> None:
    page = visit(locale="es-ES", **options)
    opened(page, drop, WindowCenter=[2048, 700], WindowWidth=[4096, 100])
    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


def test_what_states_no_unit_is_windowed_in_per_cent(answered: Page) -> None:
    answered.get_by_role("button", name="Enlarge 1").click()

    expect(answered.locator(".tools output")).to_have_text("Level 50%, width 100%")
    expect(answered.get_by_label("Window centre")).to_be_hidden()
    expect(answered.locator(".stage canvas")).to_have_count(0)


def test_the_picture_stays_where_the_values_cannot_be_had(visit: Visit, drop: Drop) -> None:
    page = visit()
    page.route("**/levels", lambda route: route.fulfill(status=500, body="{}"))
    drop(page, {"chest.dcm": dicom(ramp(), BitsStored=12, WindowCenter=2048, WindowWidth=4096)})
    page.get_by_role("button", name="Enlarge 1").click()
    expect(page.locator(".stage img")).to_be_visible()
    page.locator(".stage").press("2")

    expect(page.locator(".tools output")).to_have_text("Level 35%, width 50%")
